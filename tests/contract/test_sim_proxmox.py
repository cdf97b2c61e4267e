"""The official client against the Proxmox VE simulator: login, the cluster, its nodes, tasks, storages and
pools."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from proxmoxer.core import AuthenticationError

from reconciler.sim.tls import server_context
from tests.contract.proxmox_rig import AUDITOR_SECRET, ISO, Rig, described, refusal

rig = pytest.fixture(described)


# --- TLS, login, permissions


def test_a_certificate_is_used_again_and_a_spoilt_one_is_made_anew(tmp_path: Path) -> None:
    server_context(tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    server_context(tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() == first
    (tmp_path / "cert.pem").write_bytes(first)
    server_context(tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() != first


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
def test_a_certificate_passes_the_strictest_check_that_a_client_may_make(tmp_path: Path, name: str) -> None:
    server = server_context(tmp_path)
    client = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python does from 3.13 on
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(3):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    assert ends[0].version() == "TLSv1.3"


def test_a_password_login_may_read_and_write(rig: Rig) -> None:
    root = rig.by_password()
    root.pools.post(poolid="web")
    assert root.pools.get() == [{"poolid": "web"}]


def test_a_wrong_password_or_token_is_refused(rig: Rig) -> None:
    with pytest.raises(AuthenticationError):
        rig.client(user="root@pam", password="wrong")
    assert refusal(rig.by_token(secret="wrong").version.get).status_code == 401


def test_a_write_with_a_ticket_needs_the_csrf_token(rig: Rig) -> None:
    rig.by_password()
    url = f"https://127.0.0.1:{rig.server.port}/api2/json"
    with requests.Session() as session:
        session.trust_env = False
        login = {"username": "root@pam", "password": "of-the-simulator"}
        ticket = session.post(f"{url}/access/ticket", data=login, verify=str(rig.ca)).json()["data"]["ticket"]
        cookies = {"PVEAuthCookie": ticket}
        answer = session.post(f"{url}/pools", data={"poolid": "a"}, cookies=cookies, verify=str(rig.ca))
    assert (answer.status_code, answer.reason) == (401, "Permission denied - invalid csrf token")
    assert rig.pve.pools.get() == []


def test_an_old_ticket_is_refused(rig: Rig) -> None:
    root = rig.by_password()
    rig.clock.now += 7201
    assert refusal(root.version.get).status_code == 401


def test_permissions_say_what_a_token_may_do_and_calls_agree(rig: Rig) -> None:
    auditor = rig.by_token("auditor", "another-secret")
    assert auditor.access.permissions.get(path="/vms/9000")["/vms/9000"]["VM.Audit"] == 1
    assert "VM.Allocate" not in auditor.access.permissions.get()["/"]
    assert [row["vmid"] for row in auditor.cluster.resources.get(type="vm")] == [9000]
    error = refusal(auditor.nodes("pve1").qemu(9000).config.put, cores=4)
    assert error.status_code == 403
    assert error.content.startswith("Permission check failed (/vms/9000, VM.Config.Disk")
    assert refusal(auditor.nodes("pve1").qemu.post, vmid=101).content == (
        "Permission check failed (/vms/101, VM.Allocate)"
    )


def test_the_permissions_of_others_are_told_to_auditors(rig: Rig) -> None:
    root, auditor = rig.by_password(), rig.by_token("auditor", "another-secret")
    told = root.access.permissions.get
    assert "VM.Allocate" not in told(userid="reconciler@pve!auditor")["/"]
    assert "VM.Allocate" in auditor.access.permissions.get(userid="reconciler@pve!demo", path="/vms")["/vms"]
    assert told(userid="nobody@pve") == {}
    assert told(userid="nobody@pve", path="/vms") == {"/vms": {}}
    assert "userid" in refusal(told, userid="nobody").errors
    rig.fault("lost_permission", options={"privileges": ["Sys.Audit"]})
    assert refusal(auditor.access.permissions.get, userid="root@pam").content == (
        "Permission check failed (/access, Sys.Audit)"
    )
    assert "Sys.Audit" not in auditor.access.permissions.get(userid="reconciler@pve!auditor")["/"]


# --- the cluster and its nodes


def test_the_cluster_describes_itself(rig: Rig) -> None:
    assert rig.pve.version.get()["version"].startswith("9.")
    rig.pve.pools.post(poolid="web")
    rows = rig.pve.cluster.resources.get()
    assert {row["type"] for row in rows} == {"qemu", "node", "storage", "sdn", "pool"}
    assert [row["node"] for row in rig.pve.cluster.resources.get(type="node")] == ["pve1", "pve2"]
    assert {row["storage"] for row in rig.pve.cluster.resources.get(type="storage")} == {
        "local",
        "local-lvm",
        "nfs",
    }
    assert rig.pve.cluster.status.get()[0]["quorate"] == 1
    assert {row["node"]: row["status"] for row in rig.pve.nodes.get()} == {"pve1": "online", "pve2": "online"}
    assert rig.node.status.get()["memory"]["total"] > 0
    assert rig.node.time.get()["timezone"] == "UTC"
    assert [row["iface"] for row in rig.node.network.get(type="bridge")] == ["vmbr0", "vmbr1"]
    assert rig.node.network.get(type="bond") == []


def test_the_next_id_is_a_proposal_that_reserves_nothing(rig: Rig) -> None:
    assert int(rig.pve.cluster.nextid.get()) == 100
    assert int(rig.pve.cluster.nextid.get()) == 100
    rig.make_vm(100)
    assert int(rig.pve.cluster.nextid.get()) == 101
    assert refusal(rig.pve.cluster.nextid.get, vmid=100).errors == {"vmid": "VM 100 already exists"}


def test_unknown_calls_nodes_and_guests_fail_as_the_real_ones_do(rig: Rig) -> None:
    unknown = refusal(rig.pve.cluster("nothing").get)
    assert (unknown.status_code, unknown.content) == (501, "Method 'GET /cluster/nothing' not implemented")
    assert refusal(rig.pve.nodes("pve9").qemu.get).content.startswith("hostname lookup 'pve9' failed")
    gone = refusal(rig.vm(999).config.get)
    assert gone.status_code == 500
    assert gone.content == "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"
    assert refusal(rig.ct(999).config.get).content == (
        "Configuration file 'nodes/pve1/lxc/999.conf' does not exist"
    )
    assert refusal(rig.pve.nodes("pve2").qemu(9000).config.get).status_code == 500


def test_a_failed_call_closes_the_connection(rig: Rig) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"https://127.0.0.1:{rig.server.port}/api2/json/version", verify=str(rig.ca))
    assert (answer.status_code, answer.headers["Connection"]) == (401, "close")
    assert answer.json() == {"data": None, "message": "No ticket\n"}


# --- tasks, storages, pools


def test_tasks_are_listed_filtered_and_told(rig: Rig) -> None:
    rig.make_vm(101)
    failed = rig.node.qemu.post(vmid=102, ide2="local:iso/none.iso,media=cdrom")
    assert rig.exit_of(failed) != "OK"
    assert [row["id"] for row in rig.node.tasks.get()] == ["102", "101"]
    assert [row["upid"] for row in rig.node.tasks.get(errors=1)] == [failed]
    assert [row["id"] for row in rig.node.tasks.get(vmid=101, typefilter="qmcreate", statusfilter="OK")] == [
        "101"
    ]
    assert rig.node.tasks.get(typefilter="create") == [], "a type is told whole"
    assert rig.node.tasks.get(source="active") == []
    assert rig.node.tasks.get(start=2) == []
    assert len(rig.pve.cluster.tasks.get()) == 2
    assert rig.node.tasks(failed).log.get(limit=1)[0]["n"] == 1
    unknown = failed.replace("qmcreate", "qmdestroy")
    assert refusal(rig.node.tasks(unknown).status.get).errors == {"upid": "no such task"}
    assert refusal(rig.node.tasks("x").status.get).errors == {"upid": "unable to parse worker upid"}


def test_storages_and_their_volumes(rig: Rig) -> None:
    assert rig.pve.storage.get(type="nfs") == [rig.pve.storage("nfs").get()]
    assert refusal(rig.pve.storage("none").get).content == "storage 'none' does not exist"
    auditor = rig.by_token("auditor", AUDITOR_SECRET)
    assert [row["storage"] for row in auditor.storage.get(type="nfs")] == ["nfs"]
    assert "Datastore.Allocate" in refusal(auditor.storage("nfs").get).content
    assert [row["storage"] for row in rig.node.storage.get(content="rootdir", format=1)] == [
        "local-lvm",
        "nfs",
    ]
    assert [row["storage"] for row in rig.node.storage.get(target="pve2", enabled=1)] == ["nfs"]
    assert len(rig.node.storage.get(target="pve1")) == 3
    for wrong in ({"storage": "none"}, {"storage": "local", "content": "rootdir"}):
        assert refusal(rig.node.storage.get, **wrong).errors == {"storage": "No such storage."}
    before = rig.node.storage("local-lvm").status.get()["used"]
    volumes = rig.node.storage("local-lvm").content
    volid = volumes.post(vmid=101, filename="vm-101-data", size="1G")
    assert volid == "local-lvm:vm-101-data"
    assert rig.node.storage("local-lvm").status.get()["used"] == before + (1 << 30)
    assert volumes(volid).get()["size"] == 1 << 30
    assert refusal(volumes.post, vmid=101, filename="data", size="1G").content.startswith(
        "illegal name 'data'"
    )
    rig.done(volumes(volid).delete())
    assert refusal(volumes(volid).get).content == f"volume '{volid}' does not exist"
    assert rig.node.storage("local").content(ISO).get()["format"] == "iso"
    assert rig.node.storage("local").content(ISO).delete(delay=5) is None
    assert ISO not in [row["volid"] for row in rig.node.storage("local").content.get(content="iso")]


def test_a_pool_holds_guests_and_storages_and_is_deleted_only_when_empty(rig: Rig) -> None:
    rig.make_vm(101)
    pools = rig.pve.pools
    pools.post(poolid="a", comment="first")
    pools.post(poolid="b")
    assert refusal(pools.post, poolid="a").content == "create pool failed: pool 'a' already exists"
    assert "does not exist" in refusal(pools.post, poolid="x/y").content
    pools.post(poolid="a/child")
    pools.put(poolid="a", vms="101", storage="nfs", comment="changed")
    assert {member["type"] for member in pools("a").get()["members"]} == {"qemu", "storage"}
    assert [member["vmid"] for member in pools("a").get(type="qemu")["members"]] == [101]
    assert "belongs already to pool 'a'" in refusal(pools.put, poolid="b", vms="101").content
    pools("b").put(vms="101", **{"allow-move": 1})
    row = next(row for row in rig.pve.cluster.resources.get(type="vm") if row["vmid"] == 101)
    assert row["pool"] == "b"
    for pool, within in (("a", "pool 'a/child'"), ("b", "VM 101")):
        assert refusal(pools.delete, poolid=pool).content == (
            f"delete pool failed: pool '{pool}' is not empty (contains {within})"
        )
    pools.put(poolid="b", vms="101", delete=1)
    pools("b").delete()
    pools.delete(poolid="a/child")
    assert refusal(pools.delete, poolid="a").content.endswith("(contains storage 'nfs')")
    pools.put(poolid="a", storage="nfs", delete=1)
    pools.delete(poolid="a")
    assert pools.get() == []
    assert refusal(pools.delete, poolid="a").content == "delete pool failed: pool 'a' does not exist"


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"poolid": "a b"}, {"poolid": "invalid format - pool name 'a b' contains invalid characters"}),
        (
            {"poolid": "a/b/c/d"},
            {"poolid": "invalid format - pool name 'a/b/c/d' nested too deeply (max levels = 3)"},
        ),
        (
            {"poolid": "a", "vms": "101,99"},
            {"vms": "invalid format - value does not look like a valid VM ID"},
        ),
    ],
)
def test_names_and_members_that_no_pool_can_have(
    rig: Rig, given: dict[str, str], errors: dict[str, str]
) -> None:
    assert refusal(rig.pve.pools.put, **given).errors == errors
