"""Check that W&B is reachable with one small request before anything is sent, within a time limit.

wandb itself retries for minutes, and asks for a missing key at the terminal.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from raasid.errors import RaasidError


def run_with_timeout(seconds: float, work: Callable[[], Any]) -> Any:
    """Return or raise what `work` does; TimeoutError if that takes longer.

    Work that is too late continues in a daemon thread, which does not delay the exit of the process.
    """
    outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def do() -> None:
        try:
            outcome.put((work(), None))
        except BaseException as error:  # raised in the calling thread
            outcome.put((None, error))

    Thread(target=do, daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result


_VIEWER_QUERY = {"query": "query Viewer { viewer { id entity } }"}


class WandbUnreachable(RaasidError):
    """W&B does not answer, or rejects the key."""


class Account(NamedTuple):
    """Owner of the key that is used."""

    url: str
    entity: str | None
    """Default entity of projects."""


def account(url: str, key: str | None, wait_s: float) -> Account:
    """Return the owner of a key. Raises WandbUnreachable, within twice `wait_s` seconds.

    Without a plain key (with an identity token) only the server is checked.
    """
    request = Request(
        f"{url.rstrip('/')}/graphql",
        data=json.dumps(_VIEWER_QUERY).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "raasid"},
    )
    if key is not None:
        secret = base64.b64encode(f"api:{key}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")

    def ask() -> bytes:
        with urlopen(request, timeout=wait_s) as response:
            answer: bytes = response.read(1 << 20)
        return answer

    try:
        answer = run_with_timeout(2 * wait_s, ask)
        viewer = json.loads(answer)["data"]["viewer"]
    except HTTPError as error:
        if error.code in (401, 403):
            raise WandbUnreachable(
                f"{url} refuses the key (HTTP {error.code}); run `wandb login` again"
            ) from error
        raise WandbUnreachable(f"{url} answers HTTP {error.code}") from error
    except URLError as error:
        raise WandbUnreachable(f"no network to {url} ({error.reason})") from error
    except (TimeoutError, OSError) as error:
        raise WandbUnreachable(f"{url} does not answer ({error})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WandbUnreachable(f"{url} does not answer as W&B does; see WANDB_BASE_URL") from error
    if not isinstance(viewer, dict):
        if key is None:
            return Account(url, None)
        raise WandbUnreachable(f"{url} does not know the key; run `wandb login` again")
    return Account(url, viewer.get("entity"))


def offline_reason() -> str | None:
    """Return why the environment forbids requests to W&B, or None."""
    mode = os.environ.get("WANDB_MODE", "online")
    return None if mode in ("online", "run", "shared") else f"WANDB_MODE={mode} forbids it"


def has_key() -> bool:
    """Whether wandb finds a key for its server."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return netrc_key(base_url()) is not None


def base_url() -> str:
    """Return the URL of the server by wandb's variables and settings files."""
    import wandb

    return str(wandb.setup().settings.base_url)


def netrc_key(url: str) -> str | None:
    """Return the key that `wandb login` has stored for a server."""
    import wandb
    from wandb.sdk.lib import wbauth

    try:
        key: str | None = wbauth.read_netrc_auth(host=url)
    except wandb.errors.AuthenticationError:  # an invalid key
        return None
    return key
