"""Storages and the volumes on them: names, allocation, ownership, freeing.

A storage that is not shared exists on each node by itself, so a volume's place is storage and node. The
names follow the real ones, because clients parse them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.sim.proxmox.failure import failed

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage definition. `definition`: what `GET /storage` shows beside type and content."""

    name: str
    type: str
    content: frozenset[str]
    shared: bool = False
    total: int = 1000 * GIB
    definition: tuple[tuple[str, str], ...] = ()

    @property
    def file_based(self) -> bool:
        """Whether volumes are files, named with folder and suffix: `101/vm-101-disk-0.qcow2`."""
        return self.type in ("dir", "nfs", "cifs", "btrfs", "cephfs")

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that a volume may have; what is not made of files has `raw` only."""
        return ("raw", "qcow2", "vmdk", "subvol") if self.file_based else ("raw",)

    def require(self, content: str) -> None:
        """A 500 `storage '…' does not support content-type '…'` where it cannot hold this."""
        if content not in self.content:
            raise failed(f"storage '{self.name}' does not support content-type '{content}'")


@dataclass(slots=True)
class Volume:
    """One volume; `size` in bytes; `node` is '' on a shared storage; `parent`: the base of a linked clone."""

    storage: str
    node: str
    name: str
    content: str
    format: str
    size: int
    ctime: int
    vmid: int | None = None
    parent: str | None = None

    @property
    def volid(self) -> str:
        """Its id in configurations, `storage:name`. Two nodes' own storages may both have it."""
        return f"{self.storage}:{self.name}"


@dataclass(slots=True)
class Volumes:
    """Every volume of the cluster, found by place and name or by owner."""

    storages: dict[str, Storage]
    clock: Callable[[], float]
    _all: dict[tuple[str, str, str], Volume] = field(default_factory=dict)
    _owned: dict[int, dict[tuple[str, str, str], Volume]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Volume]:
        return iter(list(self._all.values()))

    def storage(self, name: str) -> Storage:
        """A definition by its name; 500 `storage '…' does not exist` where there is none."""
        if name not in self.storages:
            raise failed(f"storage '{name}' does not exist")
        return self.storages[name]

    def find(self, volid: str, node: str) -> Volume | None:
        """The volume of an id, as the node sees it; None where there is none, or it is no id."""
        storage, separator, name = volid.partition(":")
        if not separator or storage not in self.storages:
            return None
        return self._all.get(self._key(storage, node, name))

    def get(self, volid: str, node: str) -> Volume:
        """As `find`, with a 500 in place of None: no id, no such storage, no such volume."""
        storage, separator, _ = volid.partition(":")
        if not separator:
            raise failed(f"unable to parse volume ID '{volid}'")
        self.storage(storage)
        volume = self.find(volid, node)
        if volume is None:
            raise failed(f"volume '{volid}' does not exist")
        return volume

    def owned_by(self, vmid: int) -> list[Volume]:
        """A guest's volumes on every storage and node, named in its configuration or not."""
        return list(self._owned.get(vmid, {}).values())

    def on(self, storage: str, node: str) -> list[Volume]:
        """What the node sees on a storage; 500 where there is no such storage."""
        place = "" if self.storage(storage).shared else node
        return [volume for volume in self._all.values() if (volume.storage, volume.node) == (storage, place)]

    def used(self, storage: str, node: str) -> int:
        """Bytes of all that the node sees on a storage, each volume counted in full."""
        return sum(volume.size for volume in self.on(storage, node))

    def allocate(
        self, storage: str, node: str, vmid: int, size: int, *, disk_format: str = "", content: str = "images"
    ) -> Volume:
        """A new disk for a guest, with the first free number of its name."""
        definition = self.storage(storage)
        definition.require(content)
        disk_format = disk_format or "raw"
        if disk_format not in definition.formats:
            raise failed(f"unsupported format '{disk_format}' for storage '{storage}'")
        taken = {
            volume.name.rpartition("/")[2].partition(".")[0]
            for volume in self.owned_by(vmid)
            if volume.storage == storage
        }
        number = 0
        while f"vm-{vmid}-disk-{number}" in taken or f"base-{vmid}-disk-{number}" in taken:
            number += 1
        name = self._file(definition, vmid, f"vm-{vmid}-disk-{number}", disk_format)
        return self.add(storage, node, name, content, disk_format, size, vmid=vmid)

    def allocate_cloudinit(self, storage: str, node: str, vmid: int) -> Volume:
        """A guest's cloud-init drive of 4 MiB; the one that is there already is used again."""
        definition = self.storage(storage)
        definition.require("images")
        disk_format = "qcow2" if definition.file_based else "raw"
        name = self._file(definition, vmid, f"vm-{vmid}-cloudinit", disk_format)
        existing = self._all.get(self._key(storage, node, name))
        return existing or self.add(storage, node, name, "images", disk_format, 4 << 20, vmid=vmid)

    def add(
        self,
        storage: str,
        node: str,
        name: str,
        content: str,
        disk_format: str,
        size: int,
        *,
        vmid: int | None = None,
    ) -> Volume:
        """A volume under a name that is given, of `size` bytes; 500 `volume '…' already exists`."""
        key = self._key(storage, node, name)
        if key in self._all:
            raise failed(f"volume '{storage}:{name}' already exists")
        volume = Volume(storage, key[1], name, content, disk_format, size, int(self.clock()), vmid)
        self._put(volume)
        return volume

    def free(self, volume: Volume) -> None:
        """Forget a volume without asking who needs it; one that is gone is no error."""
        key = (volume.storage, volume.node, volume.name)
        self._all.pop(key, None)
        if volume.vmid is not None:
            self._owned.get(volume.vmid, {}).pop(key, None)

    def rename(
        self, volume: Volume, *, name: str = "", vmid: int | None = None, node: str | None = None
    ) -> None:
        """Give a volume another name, owner or node: a template's base, a disk handed over, a migration."""
        self.free(volume)
        volume.name = name or volume.name
        volume.vmid = vmid if vmid is not None else volume.vmid
        if volume.node and node is not None:
            volume.node = node
        self._put(volume)

    def to_base(self, volume: Volume) -> None:
        """Rename a template's disk to `base-N-…`; what names it is the caller's to mend."""
        self.rename(volume, name=volume.name.replace(f"vm-{volume.vmid}-", f"base-{volume.vmid}-"))

    def clone(self, base: Volume, vmid: int, node: str) -> Volume:
        """A linked clone, which on a file storage carries its base in its name."""
        volume = self.allocate(
            base.storage, node, vmid, base.size, disk_format=base.format, content=base.content
        )
        volume.parent = base.name
        if self.storage(base.storage).file_based:
            self.rename(volume, name=f"{base.name}/{volume.name}")
        return volume

    def in_use_as_base(self, volume: Volume) -> bool:
        """Whether a linked clone still needs it (thin LVM's clones stand by themselves)."""
        return self.storage(volume.storage).file_based and any(
            other.parent == volume.name and other.storage == volume.storage and other.node == volume.node
            for other in self._all.values()
        )

    def _key(self, storage: str, node: str, name: str) -> tuple[str, str, str]:
        return (storage, "" if self.storages[storage].shared else node, name)

    def _put(self, volume: Volume) -> None:
        key = (volume.storage, volume.node, volume.name)
        self._all[key] = volume
        if volume.vmid is not None:
            self._owned.setdefault(volume.vmid, {})[key] = volume

    @staticmethod
    def _file(storage: Storage, vmid: int, name: str, disk_format: str) -> str:
        return f"{vmid}/{name}.{disk_format}" if storage.file_based else name


def default_storages() -> dict[str, Storage]:
    """What an ordinary installation has, and an NFS share."""
    files = frozenset({"iso", "vztmpl", "snippets", "images", "rootdir", "import", "backup"})
    storages = (
        Storage("local", "dir", files - {"rootdir"}, definition=(("path", "/var/lib/vz"),)),
        Storage(
            "local-lvm",
            "lvmthin",
            frozenset({"images", "rootdir"}),
            definition=(("thinpool", "data"), ("vgname", "pve")),
        ),
        Storage(
            "nfs",
            "nfs",
            files,
            shared=True,
            definition=(("export", "/export/pve"), ("path", "/mnt/pve/nfs"), ("server", "192.0.2.10")),
        ),
    )
    return {storage.name: storage for storage in storages}
