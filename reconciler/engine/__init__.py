"""The whole path, put together: manifests to revision, observation to record, plan, apply.

The faces (CLI, daemon) call this and print; it prints nothing and asks nobody. The preview and the loop
are the same functions here.
"""
