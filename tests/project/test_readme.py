"""What the README shows is what the program takes."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.catalog import merge
from reconciler.engine.drivers import catalog_parts
from reconciler.manifest.load import load_offline
from reconciler.manifest.source.files import SourceFile

README = Path(__file__).parents[2] / "README.md"
REST = """
apiVersion: reconciler/v1
kind: SshKey
metadata: {name: admin}
spec: {endpoint: hetzner-1, public_key: "%s"}
---
apiVersion: reconciler/v1
kind: Firewall
metadata: {name: web}
spec: {endpoint: hetzner-1}
---
apiVersion: reconciler/v1
kind: Network
metadata: {name: prod}
spec:
  endpoint: hetzner-1
  ip_range: 10.0.0.0/16
  subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]
---
apiVersion: reconciler/v1
kind: Cluster
metadata: {name: web}
spec: {endpoint: books}
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f one@example"


def test_the_manifests_in_the_readme_are_a_set_that_can_be_used() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    files = [SourceFile(f"{number}.yaml", text.encode()) for number, text in enumerate([*blocks, REST % KEY])]
    found = load_offline(files, merge(catalog_parts()))
    assert {"vm/web-1", "cluster/web"} <= {str(address) for address in found.desired}
