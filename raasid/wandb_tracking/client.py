"""Client of W&B for the outbox: it finds and sends runs, artifacts, links and aliases."""

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
    base_url,
    has_key,
    netrc_key,
    offline_reason,
    run_with_timeout,
)


def unsent_run_folders(folder: Path, run_id: str) -> list[Path]:
    """Return a run's offline folders that were not uploaded, oldest first; one per resume."""
    found = [
        each
        for each in (folder.iterdir() if folder.is_dir() else ())
        if each.name.startswith("offline-run-") and each.name.endswith(f"-{run_id}")
    ]
    return sorted(each for each in found if not any(each.glob("*.synced")))


def upload_runs(folders: Sequence[Path], entity: str, project: str, limit_s: float) -> None:
    """Upload offline runs in order with `wandb sync`, which marks those that it sent. Raises MirrorError."""
    command = [sys.executable, "-m", "wandb", "sync", "--entity", entity, "--project", project]
    env = {name: value for name, value in os.environ.items() if name not in ("WANDB_MODE", "WANDB_RUN_ID")}
    try:
        done = subprocess.run(
            [*command, *map(str, folders)],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MirrorError("wandb sync", f"not done within {limit_s:g} s") from error
    if done.returncode or not all(any(folder.glob("*.synced")) for folder in folders):
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no word of why"]
        raise MirrorError("wandb sync", lines[-1])


_METADATA_KEY = "raasid"
"""Key of W&B's metadata and run config under which the registry's own identifiers are stored."""
_PRIVACY_SETTINGS = (
    "silent",
    "disable_code",
    "disable_git",
    "x_disable_meta",
    "x_disable_stats",
    "x_disable_machine_info",
)


class WandbMirror:
    """Mirror of the registry in W&B; wandb is imported with the first request.

    wait_s: timeout of a small request in seconds; upload_s: of the upload of one artifact or run.
    """

    def __init__(self, wait_s: float = 5.0, upload_s: float = 3600.0) -> None:
        self.wait_s, self.upload_s = wait_s, upload_s
        self._account: Account | None = None
        self._apis: dict[str, Any] = {}

    def unreachable(self) -> str | None:
        """Return why nothing can be sent now (WANDB_MODE, no key, no network, rejected key), or None."""
        reason = offline_reason()
        if reason is not None:
            return reason
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

    def find(self, message: OutboxMessage) -> Answer | None:
        """Return W&B's reply if it has everything in the message already, else None. Raises MirrorError."""
        with _as_mirror_error(message):
            found: Answer | None = run_with_timeout(12 * self.wait_s, lambda: self._find(message))
        return found

    def send(self, message: OutboxMessage, files: Mapping[str, Path]) -> Answer:
        """Send a message with its files, and return W&B's reply when it is stored. Raises MirrorError."""
        limit = self.upload_s if isinstance(message, ArtifactUpload | RunUpdate) else 24 * self.wait_s
        with _as_mirror_error(message):
            answer: Answer = run_with_timeout(limit, lambda: self._send(message, files))
        return answer

    def _find(self, message: OutboxMessage) -> Answer | None:
        if isinstance(message, RunUpdate):
            api = self._api(self._entity(message.run))
            run = _or_none_if_absent(lambda: api.run(f"{self._project(message.run)}/{message.run.id}"))
            # the summary is written last; floats come back bit for bit
            known = run is not None and all(run.summary.get(k) == v for k, v in message.summary.items())
            known = known and not (
                message.folder and unsent_run_folders(Path(message.folder), message.run.id)
            )
            return (
                {"run": message.run.id} if known and run.config.get(_METADATA_KEY) == message.run.id else None
            )
        if isinstance(message, AliasUpdate):
            return self._find_alias(message)
        path = (
            message.target
            if isinstance(message, CollectionLink)
            else f"{self._project(message.run)}/{message.name}"
        )
        found = self._artifact(message.run, path, message.aliases[0])
        return _reply(found) if found is not None and identity_of(found) == message.identity else None

    def _find_alias(self, message: AliasUpdate) -> Answer | None:
        for path in filter(None, (f"{self._project(message.run)}/{message.name}", message.target)):
            found = self._artifact(message.run, path, message.alias)
            if message.version is None and found is not None:
                return None
            if message.version is not None and (found is None or message.version not in found.aliases):
                return None
        return {"alias": message.alias}

    def _send(self, message: OutboxMessage, files: Mapping[str, Path]) -> Answer:
        if isinstance(message, RunUpdate):
            answer = self._send_curves(message)
            with self._run(message.run) as run:
                run.config.update({**message.config, _METADATA_KEY: message.run.id}, allow_val_change=True)
                run.summary.update(message.summary)
            return {"run": message.run.id, **answer}
        if isinstance(message, ArtifactUpload):
            return self._send_artifact(message, files)
        home = f"{self._project(message.run)}/{message.name}"
        if isinstance(message, CollectionLink):
            return _reply(
                self._present(message.run, home, message.aliases[0]).link(
                    message.target, aliases=message.aliases
                )
            )
        return self._set_alias(message, home)

    def _send_curves(self, message: RunUpdate) -> Answer:
        import wandb

        if message.folder is None or (wandb.run is not None and wandb.run.id == message.run.id):
            return {}
        folders = unsent_run_folders(Path(message.folder), message.run.id)
        if not all(os.access(folder, os.W_OK) for folder in folders):  # wandb marks there what was sent
            return {"curves": f"not sent: {message.folder} belongs to another user"}
        if folders:
            upload_runs(folders, self._entity(message.run), message.run.project, self.upload_s)
        return {"curves": [folder.name for folder in folders]}

    def _send_artifact(self, message: ArtifactUpload, files: Mapping[str, Path]) -> Answer:
        missing = []
        with self._run(message.run) as run:
            for used in message.uses:
                name, _, alias = used.partition(":")
                source = self._artifact(message.run, f"{self._project(message.run)}/{name}", alias)
                if source is None:
                    missing.append(used)
                else:
                    run.use_artifact(source)
            artifact = artifact_of(message, files)
            if message.type == "dataset":  # an input that W&B sees for the first time
                run.use_artifact(artifact, aliases=message.aliases)
            else:
                run.log_artifact(artifact, aliases=message.aliases)
            artifact.wait(timeout=int(self.upload_s))
            answer = _reply(artifact)
        return {**answer, "unknown_inputs": missing} if missing else answer

    def _set_alias(self, message: AliasUpdate, home: str) -> Answer:
        if message.version is None:
            for path in filter(None, (home, message.target)):
                holder = self._artifact(message.run, path, message.alias)
                if holder is not None:
                    holder.aliases = [alias for alias in holder.aliases if alias != message.alias]
                    holder.save()
            return {"alias": message.alias}
        artifact = self._present(message.run, home, message.version)
        if message.alias not in artifact.aliases:
            artifact.aliases = [*artifact.aliases, message.alias]
            artifact.save()
        if message.target is not None:
            artifact.link(message.target, aliases=[message.version, message.alias])
        return {"alias": message.alias, **_reply(artifact)}

    def _present(self, run: RunRef, path: str, alias: str) -> Any:
        found = self._artifact(run, path, alias)
        if found is None:
            raise ValueError(f"{path}:{alias} is not there any more; it was deleted in W&B")
        return found

    def _artifact(self, run: RunRef, path: str, alias: str) -> Any:
        api = self._api(self._entity(run))
        found = _or_none_if_absent(lambda: api.artifact(f"{path}:{alias}"))
        # deleted ones may still be shown
        return found if found is not None and found.state == "COMMITTED" else None

    def _project(self, run: RunRef) -> str:
        return f"{self._entity(run)}/{run.project}"

    def _entity(self, run: RunRef) -> str:
        entity = run.entity or os.environ.get("WANDB_ENTITY") or (self._account and self._account.entity)
        return entity or str(self._api("").default_entity)

    def _api(self, entity: str) -> Any:
        """Return the API of an entity, whose organisation's registry it uses."""
        if entity not in self._apis:
            import wandb

            wait_s = max(1, int(2 * self.wait_s))
            self._apis[entity] = wandb.Api(overrides={"entity": entity} if entity else None, timeout=wait_s)
        return self._apis[entity]

    @contextmanager
    def _run(self, ref: RunRef) -> Iterator[Any]:
        """Yield the run, which is resumed and finished here unless it is open in this process."""
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
        """Return settings with timeouts, and without metadata of this machine, where the run did not run."""
        return {
            **dict.fromkeys(_PRIVACY_SETTINGS, True),
            "console": "off",
            "init_timeout": 6 * self.wait_s,
            "finish_timeout": 12 * self.wait_s,
            "finish_timeout_raises": True,
            "x_save_requirements": False,
            "x_graphql_retry_max": 3,
            "x_graphql_timeout_seconds": 2 * self.wait_s,
            "x_file_transfer_retry_max": 3,
        }


def artifact_of(message: ArtifactUpload, files: Mapping[str, Path]) -> Any:
    """Build an artifact, not yet logged; the registry's files are not copied, since they never change."""
    import wandb

    mark = {"identity": message.identity, "ref": f"{message.name}:{message.aliases[0]}"}
    artifact = wandb.Artifact(
        message.name, type=message.type, metadata={_METADATA_KEY: mark, **message.metadata}
    )
    for name, path in files.items():
        artifact.add_file(str(path), name=name, policy="immutable", skip_cache=True)
    for name, text in message.texts.items():
        with artifact.new_file(name, mode="w", encoding="utf-8") as file:
            file.write(text)
    return artifact


def identity_of(artifact: Any) -> str | None:
    """Return the registry's identity of an artifact in W&B; None for an artifact of another program."""
    mark = artifact.metadata.get(_METADATA_KEY)
    return mark.get("identity") if isinstance(mark, dict) else None


def _reply(artifact: Any) -> Answer:
    reply = {"artifact": artifact.qualified_name, "version": artifact.version, "id": artifact.id}
    return {key: str(value) for key, value in reply.items()}


def _or_none_if_absent(request: Any) -> Any:
    """Return the result of a request; None only if W&B says that there is no such object."""
    import wandb
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        return request()
    except wandb.errors.CommError as error:
        # wandb asserts that an artifact is complete: one whose upload was interrupted has its names already
        absent = isinstance(error.exc, ValueError | AssertionError)
        if absent and not isinstance(error.exc, WandbApiFailedError):
            return None
        raise


@contextmanager
def _as_mirror_error(message: OutboxMessage) -> Iterator[None]:
    """Turn every exception of the library, which wraps a service of its own, into a MirrorError."""
    try:
        yield
    except Exception as error:
        raise MirrorError(str(message), f"{type(error).__name__}: {error}") from error
