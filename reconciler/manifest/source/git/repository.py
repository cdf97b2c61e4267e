"""A repository on this machine, opened as git would open it, with every way of being damaged as one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import clear_frames

from dulwich.config import ConfigFile
from dulwich.errors import NotGitRepository
from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion

from reconciler.errors import Location, ManifestError, Problem, ReconcilerError

_EXTENSIONS = (b"extensions",)
_ONLY_AT_VERSION_1 = frozenset({b"objectformat", b"refstorage", b"compatobjectformat"})
_OF_NO_CONCERN_TO_A_READER = frozenset({b"noop", b"noop-v1", b"preciousobjects", b"partialclone"})


class Repository(Repo):
    """A repository whose extensions are judged as git judges them; dulwich refuses each that it does not use.

    At format version 0 git ignores what it does not know. `preciousObjects` and `partialClone` say nothing
    about how the objects that are there are read.
    """

    def get_config(self) -> ConfigFile:
        """Its settings without the extensions that git ignores or a reader need not know."""
        found = super().get_config()
        if not found.has_section(_EXTENSIONS):
            return found
        try:
            version = int(found.get((b"core",), b"repositoryformatversion"))
        except (KeyError, ValueError):
            version = 0
        for name, _ in list(found.items(_EXTENSIONS)):
            lower = name.lower()
            ignored = version == 0 and lower not in _ONLY_AT_VERSION_1
            if ignored or lower in _OF_NO_CONCERN_TO_A_READER:
                found.remove(_EXTENSIONS, name)
        return found


@contextmanager
def opened(location: Path, shown: str) -> Iterator[Repository]:
    """The repository. Raises ManifestError, `source.no_repository` or `source.broken`, for whatever is wrong.

    `shown` is its name for messages. dulwich has no one class for its errors, and what a damaged file makes
    it raise is anything: all of it says that the repository cannot be read, and none is a fault of ours.
    """
    try:
        repo = Repository(str(location))
    except NotGitRepository:
        hint = "name a git repository, or use the folder itself as a source"
        raise error("no_repository", "there is no git repository", shown, hint) from None
    except OSError as caught:
        raise error("broken", f"it cannot be opened: {caught}", shown, "check its permissions") from None
    except UnsupportedExtension as caught:
        reason = f"it cannot be opened: it uses the extension {caught.extension}, which is not known here"
        hint = "read a clone of it that is made without that extension"
        raise error("broken", reason, shown, hint) from None
    except UnsupportedVersion as caught:
        reason = f"it cannot be opened: its format has the version {caught.version}, and 0 and 1 are known"
        raise error("broken", reason, shown, "read a clone of it in the usual format") from None
    except Exception as caught:
        raise _broken(caught, shown) from caught
    try:
        yield repo
    except ReconcilerError:
        raise
    except Exception as caught:
        # What was read halfway holds on to its pack, which could not be closed otherwise.
        clear_frames(caught.__traceback__)
        raise _broken(caught, shown) from caught
    finally:
        with suppress(BufferError):
            repo.close()


def _broken(caught: Exception, shown: str) -> ManifestError:
    reason = f"it cannot be read: {type(caught).__name__}: {caught}"[:300]
    hint = "the clone may be shallow, partial or damaged; run git fsck there, or clone it again"
    return error("broken", reason, shown, hint)


def error(code: str, message: str, shown: str, hint: str) -> ManifestError:
    """The one problem `source.CODE`, at the repository as messages name it."""
    return ManifestError([Problem(f"source.{code}", message, Location(shown), hint=hint)])
