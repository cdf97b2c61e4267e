"""The Ansible collection `community.proxmox`, not by this project, against the simulated cluster.

`make ansible` installs Ansible 12.3.0, which holds the collection's 1.4.0. What the simulator does not have
is not played here: users and rights, firewalls, HA, SDN, backups, downloads of images, the guest agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rigs.ansible import INSTALLED, NOT_INSTALLED, Ansible
from tests.rigs.processes import KEY, Simulator, simulator

pytestmark = pytest.mark.skipif(not INSTALLED, reason=NOT_INSTALLED)

PASSWORD = "simulated"  # root@pam's, where none else is given
INVENTORY = """
plugin: community.proxmox.proxmox
want_facts: true
keyed_groups: [{key: proxmox_tags_parsed, prefix: tag}]
compose: {cores: proxmox_cores}
"""


@pytest.fixture
def cluster(place: Path) -> Iterator[Simulator]:
    more = ("--token", "unused", "--ca-dir", "ca", "--task-seconds", "0")
    with simulator(place, "proxmox", *more) as running:
        yield running


@pytest.fixture
def ansible(cluster: Simulator, place: Path) -> Ansible:
    login = {"PROXMOX_URL": cluster.url, "PROXMOX_USER": "root@pam", "PROXMOX_PASSWORD": PASSWORD}
    host, port = cluster.url.removeprefix("https://").split(":")
    trusted = {"PROXMOX_VALIDATE_CERTS": "true", "REQUESTS_CA_BUNDLE": str(cluster.ca)}
    return Ansible(
        place, login | trusted | {"PROXMOX_HOST": host, "PROXMOX_PORT": port, "PUBLIC_KEY": f"{KEY} me@here"}
    )


def test_guests_are_made_seen_changed_and_removed(ansible: Ansible, cluster: Simulator) -> None:
    built = ansible.play("proxmox_built")
    assert built.changed == built.tasks
    as_it_is_built(cluster)
    before = changes(cluster)

    again = ansible.play("proxmox_built", "proxmox_seen")
    assert again.changed == []
    assert changes(cluster) == before
    guests = {guest["vmid"]: guest for guest in again["guests"]["proxmox_vms"]}
    assert {vmid: (guest["name"], guest["type"], guest["template"]) for vmid, guest in guests.items()} == {
        101: ("web", "qemu", False),
        102: ("db", "qemu", False),
        103: ("ct", "lxc", False),
        9000: ("debian-12-template", "qemu", True),
    }
    assert guests[101]["config"]["tags"] == "prod;web"
    assert [node["status"] for node in again["nodes"]["proxmox_nodes"]] == ["online", "online"]
    storages = [each["storage"] for each in again["storages"]["proxmox_storages"]]
    assert storages == ["local", "local-lvm", "nfs"]
    assert [each["type"] for each in again["one storage"]["proxmox_storages"]] == ["nfs"]
    volumes = {each["volid"] for each in again["volumes"]["proxmox_storage_content"]}
    assert volumes == {f"local-lvm:vm-101-{name}" for name in ("cloudinit", "disk-0", "disk-1")}
    assert {task["status"] for task in again["tasks"]["proxmox_tasks"]} == {"OK"}

    changed = ansible.play("proxmox_changed")
    assert changed.changed == changed.tasks
    as_it_is_changed(cluster)
    found = ansible.inventory("proxmox.yml", INVENTORY)
    assert sorted(found["proxmox_pool_team"]["hosts"]) == ["cc", "db", "www"]
    assert sorted(found["proxmox_all_running"]["hosts"]) == ["cc", "www"]
    assert found["proxmox_pve2_qemu"]["hosts"] == ["db"]
    assert found["tag_prod"]["hosts"] == ["cc"]
    assert found["_meta"]["hostvars"]["www"]["proxmox_snapshots"] == ["before"]
    assert found["_meta"]["hostvars"]["cc"]["cores"] == 2

    removed = ansible.play("proxmox_removed")
    assert removed.changed == removed.tasks
    left = cluster.control("GET", "state")
    assert [guest["vmid"] for guest in left["guests"]] == [9000]
    assert left["pools"] == {}
    assert [each["volid"] for each in left["volumes"] if each["vmid"] in (101, 102, 103)] == []


def changes(cluster: Simulator) -> list[str]:
    return [request for request in cluster.mutations() if "/access/ticket" not in request]


def guest(cluster: Simulator, vmid: int) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in cluster.control("GET", "state")["guests"] if each["vmid"] == vmid
    )
    return found


def as_it_is_built(cluster: Simulator) -> None:
    web, copy, box = (guest(cluster, vmid) for vmid in (101, 102, 103))
    config = web["current"]
    assert (config["memory"], config["cores"], config["agent"]) == ("1024", 2, "enabled=1")
    assert config["scsi0"] == "local-lvm:vm-101-disk-0,iothread=1,size=8G"
    assert config["scsi1"] == "local-lvm:vm-101-disk-1,backup=0,discard=on,serial=data,size=5G"
    assert config["ide2"] == "local-lvm:vm-101-cloudinit,media=cdrom,size=4M"
    assert config["sata0"].startswith("local:iso/debian-12.8.0-amd64-netinst.iso,media=cdrom")
    assert config["net0"].endswith(",bridge=vmbr0")
    assert config["net1"].endswith(",bridge=vmbr1,firewall=1,mtu=1400,rate=12.5,tag=20")
    assert (config["ipconfig0"], config["tags"]) == ("ip=10.0.0.5/24,gw=10.0.0.1", "prod;web")
    assert config["sshkeys"] == f"{KEY} me@here".replace(" ", "%20").replace("@", "%40")
    assert web["snapshots"] == ["before"]
    assert (copy["name"], copy["template"]) == ("db", False)
    assert copy["current"]["scsi0"] == "nfs:102/vm-102-disk-0.qcow2,size=10G"
    config = box["current"]
    assert (config["memory"], config["swap"], config["unprivileged"]) == (512, 256, 1)
    assert config["mp0"] == "local-lvm:vm-103-disk-1,mp=/srv,size=4G"
    assert (config["features"], config["onboot"]) == ("nesting=1", 1)
    assert cluster.control("GET", "state")["pools"] == {
        "team": {"comment": "Ours", "vms": [101, 102, 103], "storages": ["nfs"]}
    }


def as_it_is_changed(cluster: Simulator) -> None:
    web, copy, box = (guest(cluster, vmid) for vmid in (101, 102, 103))
    assert (web["name"], web["status"]) == ("www", "running")
    assert web["pending"] == {"cores": 4, "memory": "2048"}
    config = web["current"]
    assert (config["onboot"], config["description"], config["tags"]) == (1, "It has more", "test")
    assert "net0" not in config
    assert config["net1"].endswith(",bridge=vmbr0,link_down=1")
    assert config["scsi1"] == "nfs:101/vm-101-disk-0.qcow2,discard=on,iops=500,serial=data,size=8G"
    assert config["unused0"] == "local-lvm:vm-101-disk-1"
    assert config["sata0"] == "none,media=cdrom"
    assert (copy["node"], "description" in copy["current"]) == ("pve2", False)
    assert (box["name"], box["status"]) == ("cc", "running")
    config = box["current"]
    assert (config["cores"], config["cpulimit"], config["memory"]) == (2, 1, 1024)
    assert (config["startup"], config["tags"]) == ("order=2,up=5", "prod;test")
    assert box["pending"] == {"nameserver": "192.0.2.53", "searchdomain": "example.com"}
