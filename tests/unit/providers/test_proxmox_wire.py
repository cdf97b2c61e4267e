"""Proxmox VE's spellings: property strings, tags and marks, error texts, permissions."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import MaxRetryError, NewConnectionError

from reconciler.errors import ConfigurationError, CredentialError, ErrorCode, PlanError
from reconciler.model.resource import Mark
from reconciler.model.values import Entry, ExternalRef
from reconciler.providers.driver import Access
from reconciler.providers.proxmox import client, errors, marks, permissions
from reconciler.providers.proxmox.types import GUESTS, TYPES
from reconciler.providers.proxmox.types.guest import fields, propstring, read
from reconciler.providers.proxmox.types.guest.read import Config
from reconciler.providers.proxmox.types.vm.nics import NIC

OWNER, RESOURCE = UUID(int=5), UUID(int=7)
WORDS = [f"rc-owner-{OWNER.hex}", f"rc-id-{RESOURCE.hex}"]
KEYS = st.text("abcdefghij-", min_size=1, max_size=8)
TEXTS = st.text("abcxyz0123456789:/.;=", min_size=1, max_size=12)


class NoMeter:
    def before(self) -> None: ...

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None: ...


def reach(url: str = "https://pve.example:8006", credential: str = "a@pve!b=c") -> Access:
    return Access("lab", url, OWNER, credential, NoMeter())


@given(st.dictionaries(KEYS, TEXTS, min_size=1))
def test_a_property_string_is_read_as_it_was_written(parts: dict[str, str]) -> None:
    assert propstring.parse(propstring.render(parts)) == parts


def test_a_default_key_may_stand_alone_anywhere() -> None:
    assert propstring.parse("local:8,cache=none", "file") == {"file": "local:8", "cache": "none"}
    assert propstring.parse("cache=none,local:8", "file") == propstring.parse("local:8,cache=none", "file")
    with pytest.raises(ValueError, match="no key"):
        propstring.parse("local:8")


def test_an_interface_is_the_same_in_both_of_its_spellings() -> None:
    short, long = (
        "virtio=AA:BB:CC:00:11:22,bridge=vmbr0",
        "model=virtio,macaddr=AA:BB:CC:00:11:22,bridge=vmbr0",
    )
    assert NIC.parse(short) == NIC.parse(long)
    assert NIC.render(NIC.parse(long)) == short


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32G", 32 << 10),
        ("1T", 1 << 20),
        ("2252M", 2252),
        ("528K", 1),
        ("34359738368", 32 << 10),
        ("x", 0),
        ("", 0),
    ],
)
def test_sizes_are_mebibytes_rounded_up(text: str, size: int) -> None:
    assert propstring.mebibytes(text) == size


def test_a_comma_cannot_smuggle_a_key_into_a_property_string() -> None:
    field = fields.Field("scsi_vendor", "", "vendor")
    with pytest.raises(PlanError, match="scsi_vendor"):
        fields.write_parts([field], {"scsi_vendor": "a,ro=1"}, {})


@given(
    st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,8}", fullmatch=True),
    st.from_regex(r"[a-z0-9_+.-]{0,8}", fullmatch=True),
)
def test_a_tag_comes_back_as_it_was_written(key: str, value: str) -> None:
    assert marks.parse_word(marks.tag_word(key, value)) == (key, value)


@given(st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,8}", fullmatch=True)))
def test_foreign_words_come_back_as_they_were(found: list[str]) -> None:
    assert set(marks.words_of(marks.tags_of(found))) == set(found)


def test_two_words_with_one_key_are_two_tags() -> None:
    assert marks.tags_of(["a+c", "a+b"]) == {"a": "b", "a+c": ""}


def test_a_mark_is_read_in_either_spelling_and_is_no_tag() -> None:
    dashed = [f"rc-owner-{OWNER}", f"rc-id-{RESOURCE}"]
    assert marks.mark_of([*WORDS, "web"]) == marks.mark_of(dashed) == Mark(OWNER, RESOURCE)
    assert marks.tags_of([*WORDS, "web"]) == {"web": ""}
    assert [marks.compact(word) for word in dashed] == WORDS


def test_two_marks_are_no_mark() -> None:
    assert marks.mark_of([*WORDS, f"rc-id-{UUID(int=8).hex}"]) is None
    assert marks.mark_of(WORDS[:1]) is None
    assert marks.mark_of(["rc-owner-x", "rc-id-y"]) is None


def test_our_line_ends_a_text_and_is_no_part_of_it() -> None:
    line = " ".join(WORDS)
    assert marks.split_text(f"One\ntwo\n{line}\n") == ("One\ntwo", WORDS)
    assert marks.split_text(line) == ("", WORDS)
    assert marks.split_text(f"{line}\nthree") == (f"{line}\nthree", [])


def guest(rows: list[dict[str, Any]], kind: str = "qemu", **listed: Any) -> Any:
    row = {"type": kind, "vmid": 101, "node": "pve1", **listed}
    (found,) = (each for each in GUESTS if each.names.wire == kind)
    return read.guest(found, row, {"status": "running", **listed}, Config.of(rows))


def test_attributes_show_what_is_in_force_and_pending_names_what_waits() -> None:
    seen = guest(
        [
            {"key": "cores", "value": 2, "pending": 4},
            {"key": "memory", "value": "2048"},
            {"key": "scsi0", "value": "local:a,size=8G", "pending": "local:a,size=8G,cache=none"},
            {"key": "affinity", "value": "0-1", "delete": 1},
            {"key": "scsi1", "pending": "local:b,size=8G"},
        ],
        pool="prod",
    )
    assert (seen.attributes["cpu_cores"], seen.attributes["memory_mb"]) == (2, 2048)
    assert seen.attributes["pool"] == ExternalRef("pool", "prod")
    assert seen.pending == {"cpu_cores", "cpu_affinity", "waiting_parts"}
    assert seen.attributes["waiting_parts"] == (
        Entry("scsi1", "local:b", "file"),
        Entry("scsi1", "8G", "size"),
    )
    (disk,) = seen.parts
    assert (disk.name, disk.attributes["cache"], disk.pending) == ("scsi0", "none", frozenset())


def test_a_value_that_cannot_be_read_is_kept_in_sight() -> None:
    seen = guest([{"key": "cores", "value": "many"}, {"key": "future", "value": "1"}])
    assert seen.attributes["other_options"] == (Entry("cores", "many"), Entry("future", "1"))


def test_a_description_s_line_says_whose_a_clone_is_whatever_its_template_s_tags_say() -> None:
    copied = f"rc-owner-{OWNER.hex};rc-id-{UUID(int=9).hex}"
    rows = [{"key": "tags", "value": copied}, {"key": "description", "value": f"Web\n{' '.join(WORDS)}\n"}]
    seen = guest(rows)
    assert seen.mark == Mark(OWNER, RESOURCE)
    assert seen.attributes["description"] == "Web"


def test_a_template_is_nobody_s() -> None:
    assert guest([{"key": "tags", "value": ";".join(WORDS)}, {"key": "template", "value": 1}]).mark is None


def test_name_servers_are_a_list_whatever_separates_them() -> None:
    seen = guest([{"key": "nameserver", "value": "192.0.2.1, 2001:DB8::1"}])
    assert seen.attributes["nameservers"] == ("192.0.2.1", "2001:db8::1")


def test_a_password_s_asterisks_are_no_value() -> None:
    seen = guest([{"key": "cipassword", "value": "**********"}])
    assert "ci_password" not in seen.attributes
    assert "*" not in str(seen)


def test_drives_are_disks_or_cd_drives_by_their_medium() -> None:
    rows = [
        {"key": "ide0", "value": "none,media=cdrom"},
        {"key": "ide2", "value": "local-lvm:vm-101-cloudinit,media=cdrom,size=4M"},
        {"key": "scsi0", "value": "nfs:101/vm-101-disk-0.qcow2,size=2252M,serial=S%201"},
    ]
    empty, cloudinit, disk = guest(rows).parts
    assert (empty.type, empty.attributes["cd_image"]) == ("cd_drive", "none")
    assert cloudinit.attributes["cloudinit_storage"] == "local-lvm"
    assert disk.type == "disk"
    assert [disk.attributes[name] for name in ("storage", "disk_format", "size_gb")] == ["nfs", "qcow2", 2]
    assert disk.attributes["disk_serial"] == "S 1"
    assert disk.attributes["other_options"] == (Entry("size", "2252M"),)


@pytest.mark.parametrize(
    ("status", "text", "code", "transient", "ambiguous"),
    [
        (
            500,
            "unable to create VM 101 - VM 101 already exists on node 'pve1'",
            "already_exists",
            False,
            False,
        ),
        (
            500,
            "Configuration file 'nodes/pve/qemu-server/101.conf' does not exist",
            "not_found",
            False,
            False,
        ),
        (500, "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout", "locked", True, False),
        (500, "VM is locked (backup)", "locked", True, False),
        (500, "can't remove VM 101 - protection mode enabled", "protected", False, False),
        (
            500,
            "detected modified configuration - file changed by other user? Try again.",
            "conflict",
            False,
            False,
        ),
        (500, "VM 101 is running - destroy failed", "conflict", False, False),
        (500, "cluster not ready - no quorum?", "unavailable", True, False),
        (500, "not enough free space", "no_capacity", False, False),
        (500, "shrinking disks is not supported", "invalid", False, False),
        (500, "only root can set 'args' config", "forbidden", False, False),
        (500, "something nobody has seen", "unavailable", False, True),
        (400, "Parameter verification failed.", "invalid", False, False),
        (401, "No ticket", "unauthorized", False, False),
        (403, "Permission check failed (/vms/101, VM.Audit)", "forbidden", False, False),
        (429, "Too many requests", "rate_limited", True, False),
        (501, "Method 'PUT /x' not implemented", "invalid", False, False),
        (595, "No route to host", "unavailable", True, False),
        (596, "Connection timed out", "timeout", True, True),
        (503, "Service Unavailable", "unavailable", True, True),
    ],
)
def test_errors_are_told_apart_by_status_and_text(
    status: int, text: str, code: str, transient: bool, ambiguous: bool
) -> None:
    error = errors.answered("lab POST /x", "POST", status, text)
    assert (error.code, error.transient, error.ambiguous) == (ErrorCode(code), transient, ambiguous)
    assert text in error.message
    assert not errors.answered("lab GET /x", "GET", status, text).ambiguous


SURE = """\
Linked clone feature for 'local-lvm:base-9000-disk-0' is not available
SSH public key validation error
balloon value too large (must be smaller than assigned memory)
can't clone CT to node 'pve2' (CT uses local storage)
can't clone VM to node 'pve2' (VM uses local storage)
can't clone to non-shared storage 'local-lvm'
can't migrate running VM without --online
VM is paused - cannot shutdown
checksum mismatch (file change by other user?)
create pool failed: pool name must start with a letter
lvm name '-1' contains illegal characters
mount points configured, but 'rootfs' not set - aborting
storage 'local' does not allow content type 'rootdir' (Container)
storage 'local-lvm' is disabled
unable to delete read-only option: 'unprivileged'
unable to delete required option 'memory'
unable to modify read-only option: 'unprivileged'
unable to shrink disk size
unable to use volume local:iso/x.iso - content type needs to be 'vztmpl'
you can't move to the same storage with same format
hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known
invalid bootorder: device 'ide2' does not exist'
no such cluster node 'pve9'
script 'local:snippets/missing.sh' does not exist
snapshot 'nope' does not exist
storage 'nope' does not exist
create pool failed: parent 'other' of pool 'other/web' does not exist
Intel vIOMMU supports only 39 or 48 bits as address width
cannot set aw-bits if no vIOMMU is configured
to use Intel vIOMMU please set the machine type to q35
vga type none is not compatible with VNC clipboard
drive 'scsi0' - volume 'local-lvm:vm-100-disk-0' - 'format=qcow2' option different from storage format 'raw'
ide0 - cloud-init drive is already attached at 'ide2'
"""


@pytest.mark.parametrize("text", SURE.splitlines())
def test_a_sure_refusal_is_a_failure_and_no_absence_of_what_was_asked_for(text: str) -> None:
    error = errors.answered("lab POST /x", "POST", 500, text)
    assert (error.ambiguous, error.transient) == (False, False)
    assert error.code in (ErrorCode.INVALID, ErrorCode.CONFLICT)


@pytest.mark.parametrize(
    "text",
    [
        "Configuration file 'nodes/pve2/qemu-server/9000.conf' does not exist",
        "delete pool failed: pool 'nope' does not exist",
    ],
)
def test_what_was_asked_for_does_not_exist(text: str) -> None:
    assert errors.answered("lab DELETE /x", "DELETE", 500, text).code is ErrorCode.NOT_FOUND


def test_an_id_that_is_taken_is_so_in_a_parameter_s_error_too() -> None:
    error = errors.answered(
        "lab", "GET", 400, "Parameter verification failed.", {"vmid": "VM 5 already exists"}
    )
    assert error.code is ErrorCode.ALREADY_EXISTS


def test_a_broken_connection_is_ambiguous_only_if_the_change_may_have_arrived() -> None:
    refused = MaxRetryError(None, "/", NewConnectionError(None, "refused"))  # type: ignore[arg-type] # no pool
    sent = {
        errors.not_delivered("lab", "POST", requests.ReadTimeout()).ambiguous,
        errors.not_delivered("lab", "POST", requests.ConnectionError("reset")).ambiguous,
    }
    unsent = {
        errors.not_delivered("lab", "POST", requests.ConnectTimeout()).ambiguous,
        errors.not_delivered("lab", "POST", requests.ConnectionError(refused)).ambiguous,
        errors.not_delivered("lab", "POST", requests.exceptions.SSLError()).ambiguous,
        errors.not_delivered("lab", "GET", requests.ReadTimeout()).ambiguous,
    }
    assert (sent, unsent) == ({True}, {False})


@pytest.mark.parametrize(
    ("granted", "sees"),
    [
        ({"/": {"VM.Audit": 1}}, True),
        ({"/vms": {"VM.Audit": 1}}, True),
        ({"/": {"VM.Audit": 0}}, False),
        ({"/": {"VM.Audit": 1}, "/vms": {"VM.PowerMgmt": 1}}, False),
        ({"/": {"VM.Audit": 1}, "/vms/101": {}}, False),
        ({"/": {"VM.Audit": 1}, "/vms/101": {"VM.Audit": 1}}, True),
        ({"/vms/101": {"VM.Audit": 1}}, False),
        ({}, False),
    ],
)
def test_all_guests_are_seen_only_with_the_privilege_everywhere(granted: dict[str, Any], sees: bool) -> None:
    assert permissions.sees_all(*TYPES["vm"].audit, granted) is sees


@pytest.mark.parametrize(
    ("credential", "words"),
    [
        ("root@pam!ci=1-2-3", {"user": "root@pam", "token_name": "ci", "token_value": "1-2-3"}),
        ("root@pam:a!b=c:d", {"user": "root@pam", "password": "a!b=c:d"}),
        ("root@pam:plain", {"user": "root@pam", "password": "plain"}),
    ],
)
def test_a_credential_is_a_token_or_a_password(credential: str, words: dict[str, str]) -> None:
    assert client._credential(reach(credential=credential)) == words


@pytest.mark.parametrize("credential", ["", "hunter2", "root@pam", "root!a=hunter2", "root@pam!=hunter2"])
def test_a_credential_that_is_neither_is_refused_without_being_shown(credential: str) -> None:
    with pytest.raises(CredentialError) as error:
        client.ProxmoxClient(reach(credential=credential))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("url", ["http://pve:8006", "pve:8006", "https://pve:8006/other"])
def test_an_address_that_is_no_api_s_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        client.ProxmoxClient(reach(url=url))


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [(302, "text/html", b""), (200, "text/html", b"<html>"), (200, "application/json", b"{")],
)
def test_what_is_no_answer_is_not_taken_for_one(status: int, kind: str, body: bytes) -> None:
    response = requests.Response()
    response.status_code, response.raw = status, BytesIO(body)
    response.headers["Content-Type"] = kind
    with pytest.raises(client._NotJson):
        client._check(response)


@pytest.mark.parametrize("name", ["proxmoxer.core", "proxmoxer.backends.https"])
def test_the_library_s_log_of_bodies_stays_silent_at_any_level(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger=name):
        logging.getLogger(name).info("POST https://pve/ {'cipassword': 'hunter2'}")
        logging.getLogger(name).warning("a warning")
    assert caplog.messages == ["a warning"]
