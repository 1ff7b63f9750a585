"""The only file that talks to W&B.

The curves of a run that was offline: wandb keeps them in its own folders, its own command sends them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from raasid.registry.outbox import (
    AliasUpdate,
    Answer,
    ArtifactUpload,
    CollectionLink,
    MirrorError,
    OutboxMessage,
    RunRef,
    RunUpdate,
)
from raasid.wandb_tracking.connection import (
    Account,
    WandbUnreachable,
    account,
    offline_reason,
    run_with_timeout,
)
from raasid.wandb_tracking.logging import base_url, has_key, netrc_key


def unsent_run_folders(folder: Path, run_id: str) -> list[Path]:
    """Folders of a run that were not uploaded, the oldest first; one for each time that it was resumed."""
    found = [
        each
        for each in (folder.iterdir() if folder.is_dir() else ())
        if each.name.startswith("offline-run-") and each.name.endswith(f"-{run_id}")
    ]
    return sorted(each for each in found if not any(each.glob("*.synced")))


def upload_runs(folders: Sequence[Path], entity: str, project: str, limit_s: float) -> None:
    """Send them in this order; wandb marks each, so that it is not sent again. Raises MirrorFailed."""
    words = [sys.executable, "-m", "wandb", "sync", "--entity", entity, "--project", project]
    env = {name: value for name, value in os.environ.items() if name not in ("WANDB_MODE", "WANDB_RUN_ID")}
    try:
        done = subprocess.run(
            [*words, *map(str, folders)],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MirrorError("wandb sync", f"not done run_with_timeout {limit_s:g} s") from error
    if done.returncode or not all(any(folder.glob("*.synced")) for folder in folders):
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no word of why"]
        raise MirrorError("wandb sync", lines[-1])


_METADATA_KEY = "raasid"
"""Under this name W&B's metadata hold what the registry calls the thing."""
_NOTHING_OF_HERE = (
    "silent",
    "disable_code",
    "disable_git",
    "x_disable_meta",
    "x_disable_stats",
    "x_disable_machine_info",
)


class WandbMirror:
    """W&B, by its own library; wandb is imported when the first thing is sent.

    wait_s: for an answer to a question; upload_s: for all files of one artifact to arrive.
    """

    def __init__(self, wait_s: float = 5.0, upload_s: float = 3600.0) -> None:
        self.wait_s, self.upload_s = wait_s, upload_s
        self._account: Account | None = None
        self._apis: dict[str, Any] = {}

    def unreachable(self) -> str | None:
        """Why nothing can be sent now: told not to, no key, no network, a key that is refused."""
        why = offline_reason()
        if why is not None:
            return why
        os.environ.setdefault("WANDB_SILENT", "true")
        url = base_url()
        if not has_key():
            return f"no key for {url}; run `wandb login` or set WANDB_API_KEY"
        key = os.environ.get("WANDB_API_KEY")
        if key is None and not os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
            key = netrc_key(url)
        try:
            self._account = account(url, key, self.wait_s)
        except WandbUnreachable as error:
            return str(error)
        return None

    def find(self, told: OutboxMessage) -> Answer | None:
        """What W&B holds of it already. Raises MirrorFailed."""
        with _as_mirror_error(told):
            found: Answer | None = run_with_timeout(12 * self.wait_s, lambda: self._find(told))
        return found

    def send(self, told: OutboxMessage, files: Mapping[str, Path]) -> Answer:
        """Return when W&B has it all. Raises MirrorFailed."""
        limit = self.upload_s if isinstance(told, ArtifactUpload | RunUpdate) else 24 * self.wait_s
        with _as_mirror_error(told):
            answer: Answer = run_with_timeout(limit, lambda: self._send(told, files))
        return answer

    def _find(self, told: OutboxMessage) -> Answer | None:
        if isinstance(told, RunUpdate):
            api = self._api(self._entity(told.run))
            run = _or_none_if_absent(lambda: api.run(f"{self._project(told.run)}/{told.run.id}"))
            # the summary is written last; floats come back as they went
            known = run is not None and all(run.summary.get(k) == v for k, v in told.summary.items())
            known = known and not (told.folder and unsent_run_folders(Path(told.folder), told.run.id))
            return {"run": told.run.id} if known and run.config.get(_METADATA_KEY) == told.run.id else None
        if isinstance(told, AliasUpdate):
            return self._find_alias(told)
        place = told.target if isinstance(told, CollectionLink) else f"{self._project(told.run)}/{told.name}"
        found = self._artifact(told.run, place, told.aliases[0])
        return _named(found) if found is not None and identity_of(found) == told.identity else None

    def _find_alias(self, told: AliasUpdate) -> Answer | None:
        for place in filter(None, (f"{self._project(told.run)}/{told.name}", told.target)):
            found = self._artifact(told.run, place, told.alias)
            if told.version is None and found is not None:
                return None
            if told.version is not None and (found is None or told.version not in found.aliases):
                return None
        return {"alias": told.alias}

    def _send(self, told: OutboxMessage, files: Mapping[str, Path]) -> Answer:
        if isinstance(told, RunUpdate):
            answer = self._send_curves(told)
            with self._run(told.run) as run:
                run.config.update({**told.config, _METADATA_KEY: told.run.id}, allow_val_change=True)
                run.summary.update(told.summary)
            return {"run": told.run.id, **answer}
        if isinstance(told, ArtifactUpload):
            return self._send_artifact(told, files)
        home = f"{self._project(told.run)}/{told.name}"
        if isinstance(told, CollectionLink):
            return _named(
                self._present(told.run, home, told.aliases[0]).link(told.target, aliases=told.aliases)
            )
        return self._set_alias(told, home)

    def _send_curves(self, told: RunUpdate) -> Answer:
        import wandb

        if told.folder is None or (wandb.run is not None and wandb.run.id == told.run.id):
            return {}
        folders = unsent_run_folders(Path(told.folder), told.run.id)
        if not all(os.access(folder, os.W_OK) for folder in folders):  # wandb marks there what was sent
            return {"curves": f"not sent: {told.folder} belongs to somebody else"}
        if folders:
            upload_runs(folders, self._entity(told.run), told.run.project, self.upload_s)
        return {"curves": [folder.name for folder in folders]}

    def _send_artifact(self, told: ArtifactUpload, files: Mapping[str, Path]) -> Answer:
        missing = []
        with self._run(told.run) as run:
            for used in told.uses:
                name, _, alias = used.partition(":")
                source = self._artifact(told.run, f"{self._project(told.run)}/{name}", alias)
                if source is None:
                    missing.append(used)
                else:
                    run.use_artifact(source)
            artifact = artifact_of(told, files)
            if told.type == "dataset":  # an input that W&B sees for the first time
                run.use_artifact(artifact, aliases=told.aliases)
            else:
                run.log_artifact(artifact, aliases=told.aliases)
            artifact.wait(timeout=int(self.upload_s))
            answer = _named(artifact)
        return {**answer, "unknown_inputs": missing} if missing else answer

    def _set_alias(self, told: AliasUpdate, home: str) -> Answer:
        if told.version is None:
            for place in filter(None, (home, told.target)):
                holder = self._artifact(told.run, place, told.alias)
                if holder is not None:
                    holder.aliases = [alias for alias in holder.aliases if alias != told.alias]
                    holder.save()
            return {"alias": told.alias}
        artifact = self._present(told.run, home, told.version)
        if told.alias not in artifact.aliases:
            artifact.aliases = [*artifact.aliases, told.alias]
            artifact.save()
        if told.target is not None:
            artifact.link(told.target, aliases=[told.version, told.alias])
        return {"alias": told.alias, **_named(artifact)}

    def _present(self, run: RunRef, place: str, alias: str) -> Any:
        found = self._artifact(run, place, alias)
        if found is None:
            raise ValueError(f"{place}:{alias} is not there any more; somebody has deleted it in W&B")
        return found

    def _artifact(self, run: RunRef, place: str, alias: str) -> Any:
        api = self._api(self._entity(run))
        found = _or_none_if_absent(lambda: api.artifact(f"{place}:{alias}"))
        # deleted ones may still be shown
        return found if found is not None and found.state == "COMMITTED" else None

    def _project(self, run: RunRef) -> str:
        return f"{self._entity(run)}/{run.project}"

    def _entity(self, run: RunRef) -> str:
        entity = run.entity or os.environ.get("WANDB_ENTITY") or (self._account and self._account.entity)
        return entity or str(self._api("").default_entity)

    def _api(self, entity: str) -> Any:
        """Questions are asked in the name of an entity: its organisation's registry is meant."""
        if entity not in self._apis:
            import wandb

            wait_s = max(1, int(2 * self.wait_s))
            self._apis[entity] = wandb.Api(overrides={"entity": entity} if entity else None, timeout=wait_s)
        return self._apis[entity]

    @contextmanager
    def _run(self, ref: RunRef) -> Iterator[Any]:
        """The run that is going on in this process if it is that one; else it is opened and closed again."""
        import wandb

        if wandb.run is not None and wandb.run.id == ref.id:
            yield wandb.run
            return
        entity, _, project = self._project(ref).partition("/")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            run = wandb.init(
                id=ref.id,
                project=project,
                entity=entity,
                dir=folder,
                resume="allow",
                reinit="create_new",
                mode="online",
                settings=wandb.Settings(**self._settings()),
            )
            try:
                yield run
            finally:
                run.finish()

    def _settings(self) -> dict[str, Any]:
        """A run is what it was where it ran: nothing of this machine is added. And waiting has an end."""
        return {
            **dict.fromkeys(_NOTHING_OF_HERE, True),
            "console": "off",
            "init_timeout": 6 * self.wait_s,
            "finish_timeout": 12 * self.wait_s,
            "finish_timeout_raises": True,
            "x_save_requirements": False,
            "x_graphql_retry_max": 3,
            "x_graphql_timeout_seconds": 2 * self.wait_s,
            "x_file_transfer_retry_max": 3,
        }


def artifact_of(told: ArtifactUpload, files: Mapping[str, Path]) -> Any:
    """The artifact, not yet logged; the registry's files are not copied, as they never change."""
    import wandb

    mark = {"identity": told.identity, "ref": f"{told.name}:{told.aliases[0]}"}
    artifact = wandb.Artifact(told.name, type=told.type, metadata={_METADATA_KEY: mark, **told.metadata})
    for name, path in files.items():
        artifact.add_file(str(path), name=name, policy="immutable", skip_cache=True)
    for name, text in told.texts.items():
        with artifact.new_file(name, mode="w", encoding="utf-8") as file:
            file.write(text)
    return artifact


def identity_of(artifact: Any) -> str | None:
    """What the registry calls an artifact that W&B holds; None: it is none of ours."""
    mark = artifact.metadata.get(_METADATA_KEY)
    return mark.get("identity") if isinstance(mark, dict) else None


def _named(artifact: Any) -> Answer:
    named = {"artifact": artifact.qualified_name, "version": artifact.version, "id": artifact.id}
    return {key: str(value) for key, value in named.items()}


def _or_none_if_absent(look: Any) -> Any:
    """What a look-up gives; None where W&B says that it has no such thing, and only then."""
    import wandb
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        return look()
    except wandb.errors.CommError as error:
        # wandb asserts that what it finds is whole: one whose upload was cut short has its names already
        absent = isinstance(error.exc, ValueError | AssertionError)
        if absent and not isinstance(error.exc, WandbApiFailedError):
            return None
        raise


@contextmanager
def _as_mirror_error(told: OutboxMessage) -> Iterator[None]:
    """Whatever the library raises (it wraps a service of its own), MirrorFailed names what was being sent."""
    try:
        yield
    except Exception as error:
        raise MirrorError(str(told), f"{type(error).__name__}: {error}") from error
