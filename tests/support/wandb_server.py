"""A small W&B server: its state, and its responses about runs, artifacts, aliases and links."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
KEY = "a" * 40
_TIME = "2026-11-23T10:00:00Z"


class WandbServer:
    """State of the server, for tests to inspect.

    ill: `refuse` answers HTTP 500 to everything, `hang` never answers while it runs, `key` refuses the
    key, `page` answers with HTML, as a captive portal does. broken: the name of one operation that fails for
    good, with HTTP status `broken_status`; wandb's client retries every status from 500 on.
    """

    def __init__(self, ill: str = "", broken: str = "") -> None:
        self.ill, self.broken, self.broken_status = ill, broken, 500
        self.on_operation: Callable[[str], bool] = lambda operation: True
        """Called with every operation, before it is carried out; False: the request is dropped."""
        self.url = ""
        self.closed = threading.Event()
        self.runs: dict[str, Json] = {}
        self.artifacts: list[Json] = []
        """In the order of their creation; each with its collection, metadata, aliases and files."""
        self.uses: list[tuple[str, str]] = []
        """Run, artifact."""
        self.links: dict[str, Json] = {}
        """Collection of a registry -> alias -> artifact."""
        self.uploads: dict[str, bytes] = {}
        self.operations: list[str] = []

    def on_viewer(self, request: Json) -> Json:
        return {
            "viewer": {
                "id": "u",
                "entity": "club",
                "username": "tester",
                "flags": "{}",
                "teams": {"edges": []},
            }
        }

    on_getviewer = on_getdefaultentity = on_viewer

    def on_serverfeaturesquery(self, request: Json) -> Json:
        return {"serverInfo": {"features": []}}

    def on_fetchorginfofromentity(self, request: Json) -> Json:
        return {"entity": {"organization": {"name": "League", "orgEntity": {"name": "league"}}, "user": None}}

    def on_runresumestatus(self, request: Json) -> Json:
        run = self.runs.get(request["name"])
        project = {
            "id": "p",
            "name": request["project"],
            "entity": {"id": "e", "name": request["entity"] or "club"},
        }
        return {"model": {**project, "bucket": None if run is None else self._run(request["name"])}}

    def on_upsertbucket(self, request: Json) -> Json:
        new = request["name"] not in self.runs
        run = self.runs.setdefault(request["name"], {"config": {}, "summary": {}})
        run["project"] = f"{request['entity'] or 'club'}/{request['project']}"
        if request.get("config"):
            run["config"] |= json.loads(request["config"])
        return {"upsertBucket": {"bucket": self._run(request["name"]), "inserted": new}}

    def on_createrunfiles(self, request: Json) -> Json:
        files = [
            {"name": name, "uploadUrl": f"{self.url}/put/{request['run']}/{name}"}
            for name in request["files"]
        ]
        return {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}}

    def on_run(self, request: Json) -> Json:
        known = request["name"] in self.runs
        return {"project": {"run": self._run(request["name"]) if known else None}}

    def on_artifacttype(self, request: Json) -> Json:
        held = [artifact for artifact in self.artifacts if artifact["name"] == request["name"].split(":")[0]]
        return {"project": {"artifact": {"artifactType": {"name": held[0]["type"]}} if held else None}}

    def on_createartifact(self, request: Json) -> Json:
        given = request["input"]
        same = [
            a for a in self.artifacts if (a["name"], a["digest"]) == (_collection(given), given["digest"])
        ]
        artifact = (
            same[0]
            if same
            else {
                "id": f"QXJ0{len(self.artifacts)}",
                "name": _collection(given),
                "type": given["artifactTypeName"],
                "digest": given["digest"],
                "metadata": given.get("metadata"),
                "project": f"{given['entityName']}/{given['projectName']}",
                "run": given.get("runName"),
                "aliases": [],
                "state": "PENDING",
            }
        )
        if not same:
            self.artifacts.append(artifact)
        for alias in given.get("aliases") or []:
            self._point(artifact, alias["alias"])
        return {
            "createArtifact": {
                "artifact": {
                    "id": artifact["id"],
                    "state": artifact["state"],
                    "artifactSequence": {"id": "s", "latestArtifact": None},
                }
            }
        }

    def on_createartifactmanifest(self, request: Json) -> Json:
        upload = {
            "id": "f",
            "name": request["name"],
            "uploadUrl": f"{self.url}/manifest/{request['artifactID']}",
        }
        file = {**upload, "displayName": request["name"], "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": request["artifactID"], "file": file}}}

    def on_updateartifactmanifest(self, request: Json) -> Json:
        url = f"{self.url}/manifest/{request['artifactManifestID']}"
        file = {"id": "f", "uploadUrl": url, "uploadHeaders": []}
        return {
            "updateArtifactManifest": {
                "artifactManifest": {"id": request["artifactManifestID"], "file": file}
            }
        }

    def on_createartifactfiles(self, request: Json) -> Json:
        nodes = [
            {
                "id": "f",
                "name": spec["name"],
                "storagePath": f"s/{spec['artifactID']}/{spec['name']}",
                "uploadUrl": f"{self.url}/s/{spec['artifactID']}/{spec['name']}",
                "uploadHeaders": [],
                "uploadMultipartUrls": None,
                "artifact": {"id": spec["artifactID"]},
            }
            for spec in request["input"]["artifactFiles"]
        ]
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def on_commitartifact(self, request: Json) -> Json:
        artifact = self._by_id(request["artifactID"])
        artifact["state"] = "COMMITTED"
        return {"commitArtifact": {"artifact": {"id": artifact["id"], "digest": artifact["digest"]}}}

    def on_useartifact(self, request: Json) -> Json:
        given = request.get("input") or request
        self.uses.append((given["runName"], self._by_id(given["artifactID"])["name"]))
        return {"useArtifact": {"artifact": {"id": given["artifactID"], "digest": "d"}}}

    def on_artifactbyid(self, request: Json) -> Json:
        return {"artifact": self._artifact(self._by_id(request["id"]))}

    def on_artifactmembershipbyname(self, request: Json) -> Json:
        name, _, alias = request["name"].partition(":")
        path = f"{request['entity']}/{request['project']}"
        if request["project"].startswith("wandb-registry-"):
            linked = self.links.get(f"{path}/{name}", {})
            found, aliases = linked.get(alias), [a for a, held in linked.items() if held is linked.get(alias)]
        else:
            held = [a for a in self.artifacts if (a["project"], a["name"]) == (path, name)]
            found = next((a for a in held if alias in a["aliases"]), None)
            aliases = found["aliases"] if found else []
        member = self._member(found, path, name, aliases) if found else None
        return {"project": {"artifactCollectionMembership": member}}

    def on_linkartifact(self, request: Json) -> Json:
        given = request["input"]
        path, name = f"{given['entityName']}/{given['projectName']}", given["artifactPortfolioName"]
        linked = self.links.setdefault(f"{path}/{name}", {})
        artifact = self._by_id(given["artifactID"])
        linked |= {alias["alias"]: artifact for alias in given["aliases"]}
        aliases = [alias for alias, held in linked.items() if held is artifact]
        return {
            "result": {"versionIndex": 0, "artifactMembership": self._member(artifact, path, name, aliases)}
        }

    def on_addaliases(self, request: Json) -> Json:
        for alias in request["input"]["aliases"]:
            self._point(self._by_id(request["input"]["artifactID"]), alias["alias"])
        return {"result": {"success": True}}

    def on_deletealiases(self, request: Json) -> Json:
        artifact = self._by_id(request["input"]["artifactID"])
        gone = {alias["alias"] for alias in request["input"]["aliases"]}
        artifact["aliases"] = [alias for alias in artifact["aliases"] if alias not in gone]
        return {"result": {"success": True}}

    def on_updateartifact(self, request: Json) -> Json:
        artifact = self._by_id(request["input"]["artifactID"])
        return {"result": {"artifact": self._artifact(artifact)}}

    def on_isprojectreadonly(self, request: Json) -> Json:
        return {"project": {"readOnly": False}}

    def stream(self, run: str, given: Json) -> None:
        """Store the history and summary that a run streams."""
        curves = given.get("files", {}).get("wandb-history.jsonl")
        if curves:
            self.runs[run].setdefault("history", []).extend(map(json.loads, curves["content"]))
        summary = given.get("files", {}).get("wandb-summary.json")
        if summary:
            self.runs[run]["summary"] = json.loads(summary["content"][-1])

    def _point(self, artifact: Json, alias: str) -> None:
        for other in self.artifacts:
            if other["name"] == artifact["name"] and alias in other["aliases"]:
                other["aliases"].remove(alias)
        artifact["aliases"].append(alias)

    def _by_id(self, number: str) -> Json:
        return next(artifact for artifact in self.artifacts if artifact["id"] == number)

    def _run(self, name: str) -> Json:
        run = self.runs[name]
        entity, _, project = run["project"].partition("/")
        return {
            "id": name,
            "name": name,
            "displayName": name,
            "projectId": "1",
            "tags": [],
            "sweepName": None,
            "state": "finished",
            "config": json.dumps(run["config"]),
            "summaryMetrics": json.dumps(run["summary"]),
            "systemMetrics": "{}",
            "historyKeys": None,
            "historyTail": "[]",
            "eventsTail": "[]",
            "historyLineCount": 0,
            "logLineCount": 0,
            "eventsLineCount": 0,
            "wandbConfig": json.dumps({"t": 1}),  # without it wandb treats the run as never started
            "group": None,
            "jobType": None,
            "commit": None,
            "readOnly": False,
            "createdAt": _TIME,
            "heartbeatAt": _TIME,
            "description": "",
            "notes": None,
            "user": {"name": "tester", "username": "tester"},
            "project": {"id": "p", "name": project, "entity": {"id": "e", "name": entity}},
        }

    def _artifact(self, artifact: Json) -> Json:
        path = _info(artifact["project"], artifact["name"])
        return {
            "__typename": "Artifact",
            "id": artifact["id"],
            "artifactSequence": {"__typename": "ArtifactSequence", **path},
            "versionIndex": self.artifacts.index(artifact),
            "artifactType": {"name": artifact["type"]},
            "description": None,
            "metadata": artifact["metadata"],
            "ttlDurationSeconds": -2,
            "ttlIsInherited": False,
            "tags": [],
            "historyStep": None,
            "state": artifact["state"],
            "size": 1,
            "digest": artifact["digest"],
            "commitHash": "c",
            "fileCount": 1,
            "createdAt": _TIME,
            "updatedAt": _TIME,
            "aliases": [
                {
                    "artifactCollection": {"__typename": "ArtifactSequence", **path},
                    "__typename": "ArtifactAlias",
                    "id": "QWw=",
                    "alias": alias,
                }
                for alias in artifact["aliases"]
            ],
        }

    def _member(self, artifact: Json, path: str, name: str, aliases: list[str]) -> Json:
        return {
            "__typename": "ArtifactCollectionMembership",
            "id": "TWVt",
            "versionIndex": self.artifacts.index(artifact),
            "createdAt": _TIME,
            "aliases": [{"__typename": "ArtifactAlias", "id": "QWw=", "alias": alias} for alias in aliases],
            "artifactCollection": {"__typename": "ArtifactSequence", **_info(path, name)},
            "artifact": self._artifact(artifact),
        }

    def answer(self, name: str, request: Json) -> Json | None:
        """Response to one operation; None if it is unknown."""
        found: Json | None = getattr(self, f"on_{name.lower()}", lambda _: None)(request)
        return found


def _collection(given: Json) -> str:
    names = given.get("artifactCollectionNames") or [given["artifactCollectionName"]]
    return str(names[0])


def _info(path: str, name: str) -> Json:
    entity, _, project = path.partition("/")
    owner = {"id": "UHJv", "internalId": "UHJvamVjdEludGVybmFsSWQ6MQ==", "name": project}
    return {"name": name, "project": {**owner, "entity": {"name": entity}}}
