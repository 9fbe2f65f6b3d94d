"""`task.toml` and the Dockerfile: what is honoured, and what is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from harbor_folders import COUNT, TOML, write_folder

from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.proof import prove
from selftrain.errors import BackendUnavailableError, ImageMissingError, OptionError, TaskError
from selftrain.sandboxes import make_backend

STEP = "[[steps]]\nname = 'a'\nmin_reward"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path, COUNT)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gpus = 1", "environment.gpus = 1 is not supported"),
        ("gpu_types = ['H100']", "environment.gpu_types"),
        ("os = 'windows'", "environment.os = 'windows'"),
        ("tpu = {type = 'v6e', topology = '2x2'}", "environment.tpu"),
        ("skills_dir = '/skills'", "environment.skills_dir"),
        ("mcp_servers = [{name = 'm'}]", "environment.mcp_servers"),
        ("healthcheck = {command = 'true'}", "environment.healthcheck"),
        ("allow_internet = 'yes'", "environment.allow_internet = 'yes' must be true or false"),
        ("workdir = 'app'", "environment.workdir = 'app' must be an absolute path"),
        ("workdir = '/a/../etc'", "environment.workdir"),
        ("workdir = '/etc/x'", "/etc/x.* lies in the sandbox's read-only system"),
        ("workdir = '/'", "read-only system"),
        ("memory_mb = 0", "environment.memory_mb = 0 must be a number above 0"),
        ("cpus = inf", "environment.cpus = inf"),
        ("build_timeout_sec = 1e18", r"build_timeout_sec = 1e\+18 must be a number above 0, up to 1,000,000"),
        ("cpus = true", "environment.cpus = True"),
        ("storage = '2 pounds'", "environment.storage = '2 pounds'"),
        ("memory = '2G'\nmemory_mb = 512", "environment.memory = '2G' says something else"),
        ("env = {A = 1}", "environment.env.A = 1 must be a string"),
        ("env = {'A B' = '1'}", "environment.env.A B is no name"),
        ("env = {KEY = '${KEY}'}", r"environment.env.KEY wants \$KEY of this machine"),
        ("env = {HOME = '/'}", "environment.env.HOME"),
        ("speed = 1", "environment.speed is not supported; known here: .*cpus"),
        ("[agent.mood]", "agent.mood is not supported"),
        ("[solution]\ntimeout_sec = 1", "solution.timeout_sec"),
        ("[verifier.environment]\ngpus = 2", "verifier.environment.gpus"),
        ("[[verifier.collect]]\ncommand = 'true'", "verifier.collect"),
        ("[metadata.selftrain]\nid = 'git-undo/train/1/0'", "own task 'git-undo/train/1/0', exported: play it by that"),
        ("[metadata]\n[other]", "field other is not supported"),
    ],
)
def test_a_field_that_no_sandbox_can_honour_is_refused_by_name(folder: Path, line: str, said: str) -> None:
    (folder / "task.toml").write_text(f"{TOML}{line}\n")
    with pytest.raises(TaskError, match=said) as error:
        load_harbor_task(folder)
    assert str(folder) in str(error.value) or "workdir" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"1.4"', '"2.0"', "schema_version = '2.0' must be one of"),
        ('"acme/count"', '"count"', "task.name = 'count' must read org/name"),
        ('"acme/count"', '"acme/../count"', "task.name"),
        ("timeout_sec = 60", "timeout_sec = 'long'", "agent.timeout_sec = 'long' must be a number"),
        ("timeout_sec = 60", "timeout_sec = nan", "agent.timeout_sec = nan"),
        ("timeout_sec = 60", "user = 'oracle'", "agent.user = 'oracle' is not supported"),
        ("timeout_sec = 60", "user = true", "agent.user"),
        ("timeout_sec = 60", "allowed_hosts = ['pypi.org']", "agent.allowed_hosts is only valid"),
        ("timeout_sec = 20", "environment_mode = 'apart'", "verifier.environment_mode = 'apart' must be one of"),
        ("timeout_sec = 20", "environment_mode = 'shared'\n[verifier.environment]\ncpus = 1", "contradicts"),
        ("[task]", "artifacts = ['../x']\n[task]", r"artifacts\[0\].source"),
        ("[task]", "artifacts = [{source = 'x', service = 'db'}]\n[task]", r"artifacts\[0\].service = 'db'"),
        ("[task]", "artifacts = ['/usr/bin/ls']\n[task]", "artifacts: /usr/bin/ls lies in"),
        ("[task]", "artifacts = ['/out.txt']\n[task]", "/out.txt is a file in /"),
        ("[task]", "artifacts = 'x'\n[task]", "artifacts must be a list"),
        ("[task]", "multi_step_reward_strategy = 'mean'\n[task]", "multi_step_reward_strategy"),
        ("[task]", "agent = 3\n[task]", "agent = 3 must be a table"),
        pytest.param("timeout_sec = 60", f"timeout_sec = {'9' * 5000}", "not TOML: .*4300 digits", id="longest"),
        pytest.param("timeout_sec = 60", f"user = 0x{'f' * 5000}", "not TOML: .*4300 digits", id="hexadecimal"),
        pytest.param("timeout_sec = 60", f"timeout_sec = {'9' * 400}", r"timeout_sec = 9+\.\.\. must be", id="long"),
        pytest.param("timeout_sec = 60", f"timeout_sec = {'[' * 10_000}", "task.toml is not TOML", id="deep"),
        pytest.param("timeout_sec = 60", f"{'a.' * 5_000}a = 1", "task.toml is not TOML", id="deep keys"),
        pytest.param(
            "[environment]",
            f"[environment]\nmemory = '{'9' * 400}G'",
            r"memory = '9+\.\.\. must be a size",
            id="long size",
        ),
        pytest.param("[task]", f"{STEP}={'9' * 400}\n[task]", r"min_reward = 9+\.\.\. must be", id="long reward"),
        ("[task]", f"{STEP} = {{b = -inf}}\n[task]", r"min_reward = {'b': -inf} must be a number"),
    ],
)
def test_a_field_that_is_wrong_is_named(folder: Path, old: str, new: str, said: str) -> None:
    text = TOML.replace(old, new, 1) if "agent = 3" not in new else "agent = 3"
    (folder / "task.toml").write_text(text)
    with pytest.raises(TaskError, match=said):
        load_harbor_task(folder)


@pytest.mark.parametrize("mode", ["public", "allowlist"])
def test_a_task_that_asks_for_the_network_is_refused_or_played_without(folder: Path, mode: str) -> None:
    (folder / "task.toml").write_text(TOML.replace("no-network", mode))
    with pytest.raises(TaskError, match=rf"environment\.network_mode = '{mode}' is not supported: .* --offline"):
        load_harbor_task(folder)
    assert load_harbor_task(folder, offline=True).id == "acme/count"


def test_folders_that_lie_in_memory_have_a_ceiling(folder: Path) -> None:
    (folder / "task.toml").write_text(TOML + "storage_mb = 10240\n")
    task = load_harbor_task(folder)
    assert task.needs.disk_bytes == 1024 << 20 and "1024 MB" in task.metadata["notes"][1]


def test_older_names_of_fields_are_read(folder: Path) -> None:
    (folder / "task.toml").write_text(
        "version = '1.0'\n[metadata]\nmade = 2026-01-02\n[environment]\nmemory = '2G'\nstorage = '512M'\ngpus = 0\n"
        "allow_internet = true\nbuild_timeout_sec = 60.0\n"
    )
    task = load_harbor_task(folder)
    assert task.needs.memory_bytes == 2 << 30 and task.needs.disk_bytes == 512 << 20
    assert task.id == folder.name and task.metadata["metadata"] == {"made": "2026-01-02"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM debian\nRUN apt-get install -y vim\n", "line 2: RUN"),
        ("FROM debian\n\n# c\nRUN a \\\n  b\n", "line 4: RUN a"),
        ("FROM debian\nCOPY note.txt /etc/motd\n", "into the system"),
        ("FROM debian\nCOPY note.txt /\n", "puts a file into /"),
        ("FROM a AS b\nFROM c\nCOPY --from=b /x /app/\n", "line 2: FROM"),
        ('FROM debian\nRUN a <<< b; echo "<<EOF" $((1 << A))\n', "line 2: RUN"),
        ("FROM debian\nUSER postgres\n", "USER postgres"),
        ("FROM debian\nENV A=$B\n", r"\$B is not set"),
        ("FROM debian\nVOLUME /data\n", "VOLUME"),
    ],
)
def test_a_line_that_needs_an_image_is_named(folder: Path, text: str, said: str) -> None:
    (folder / "environment" / "Dockerfile").write_text(text)
    task = load_harbor_task(folder)
    with pytest.raises(BackendUnavailableError, match=f"{said}.*use --backend docker"):
        prove(task, make_backend("bubblewrap"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM debian\nCOPY ../../secret /app/\n", "COPY ../../secret"),
        ("FROM debian\nCOPY missing /app/\n", "no such file"),
        ("FROM debian\nCOPY away /app/\n", "leads out of"),
        ("FROM debian\nADD https://example.org/x /app/\n", "line 2: ADD.*wants the network"),
        ("FROM debian\nADD git@example.org:x.git /app/\n", "line 2: ADD.*wants the network"),
        ("FROM debian\nENV HOME=/app\n", "HOME is the sandbox's own"),
        ("FROM debian\nWORKDIR /usr/lib\n", "read-only system"),
        ("FROM \\\n  debian\n", "write them on one"),
        ("RUN true\n", "begins with no FROM"),
        ("FROM debian\nCOPY *** /app/\n", r"Dockerfile line 2: COPY .*'\*\*\*' is no pattern"),
        (f"FROM debian\nCOPY {'a' * 300} /app/\n", "Dockerfile line 2: COPY .* has over 255 bytes"),
        (f"FROM debian\nCOPY note.txt /app/{'a' * 300}\n", "Dockerfile line 2: COPY .* has over 255 bytes"),
        (f"FROM debian\nWORKDIR /app/{'a' * 300}\n", "Dockerfile line 2: WORKDIR .* has over 255 bytes"),
        ("FROM debian\nWORKDIR /a\0b\n", r"Dockerfile line 2 has the control character U\+0000"),
        ("FROM debian\nENV A=\\\n  a\x1fb\n", r"Dockerfile line 3 has the control character U\+001F"),
        ("FROM debian\nRUN <<EOF\nFROM other\nEOF\n", "line 2: RUN <<EOF: heredocs are not supported .*write a script"),
        ("FROM debian\nRUN cat > a <<-'EOF'\nEOF\n", "line 2: RUN .*: heredocs are not supported"),
        ("FROM debian\nCOPY <<EOF /app/x\nEOF\n", "line 2: COPY <<EOF /app/x: heredocs are not supported"),
    ],
)
def test_a_line_that_no_image_helps_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "environment" / "Dockerfile").write_text(text)
    if "away" in text:
        (folder / "environment" / "away").symlink_to("/etc/hostname")
    with pytest.raises(TaskError, match=said):
        load_harbor_task(folder)


def test_a_context_that_no_task_can_carry_is_refused(folder: Path) -> None:
    with (folder / "environment" / "large.bin").open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(TaskError, match=r"holds 65 MB, over 64; the largest is .*large\.bin"):
        load_harbor_task(folder)
    (folder / "environment" / "large.bin").unlink()
    (folder / "environment" / ".dockerignore").write_text("*.txt\n")
    with pytest.raises(TaskError, match=r"\.dockerignore is not supported"):
        load_harbor_task(folder)


def test_bases_are_named_for_docker_and_mapped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "environment" / "Dockerfile").write_text(
        "ARG V=3\nFROM --platform=linux/amd64 python:$V AS python\nFROM debian\nRUN true\n"
        "COPY --from=python /a /b\nCOPY --from=acme/tools /x /y\n"
    )
    own = load_harbor_task(folder).own_image
    assert own is not None and own.bases == ("python:3", "debian:latest", "acme/tools:latest")
    assert own.lines == (1, 2, 3, 4, 5, 6) and "FROM debian:latest\n" in own.dockerfile
    monkeypatch.setenv("SELFTRAIN_BASES", "python:3=lab debian:latest=terminal acme/tools=acme/mine:2")
    mapped = load_harbor_task(folder)
    assert mapped.own_image is not None and mapped.image == "lab"
    assert mapped.own_image.bases == ("selftrain/lab:latest", "selftrain/terminal:latest", "acme/mine:2")
    assert "linux/amd64 selftrain/lab:latest AS python\n" in mapped.own_image.dockerfile
    assert "COPY --from=python /a /b\nCOPY --from=acme/mine:2 /x" in mapped.own_image.dockerfile
    monkeypatch.setenv("SELFTRAIN_BASES", "terminal")
    every = load_harbor_task(folder).own_image
    assert every is not None and every.bases == ("selftrain/terminal:latest",)
    monkeypatch.setenv("SELFTRAIN_BASES", "python:3=nowhere")
    with pytest.raises(OptionError, match="base 'python:3=nowhere' must be IMAGE=OURS"):
        load_harbor_task(folder)


def test_the_environment_may_take_the_network_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "task.toml").write_text(TOML.replace("no-network", "public"))
    with pytest.raises(TaskError, match="network_mode"):
        load_harbor_task(folder)
    monkeypatch.setenv("SELFTRAIN_OFFLINE", "1")
    assert load_harbor_task(folder).id == "acme/count"


def test_lines_of_a_dockerfile_make_a_sandbox(folder: Path) -> None:
    write_folder(folder / "environment", {"bin/run.sh": "echo run\n", "b.csv": "1\n", "a.csv": "0\n"})
    (folder / "environment" / "bin" / "run.sh").chmod(0o755)
    (folder / "environment" / "Dockerfile").write_text(
        "ARG KIND=slim\nFROM debian:$KIND\nARG WHERE=/data\nLABEL a=b\nWORKDIR /srv\nWORKDIR job\n"
        "COPY --chown=root:root *.csv $WHERE/\nCOPY bin .\nCOPY --chmod=600 \\\n  note.txt note\n"
        "COPY note.txt a.csv two/\n"
        'EXPOSE 80\nCMD ["sh"]\n'
    )
    (folder / "solution" / "solve.sh").write_text(
        "./run.sh > said; stat -c %a note >> said; cat /data/*.csv two/* >> said\n"
    )
    (folder / "tests" / "test.sh").write_text(
        "[ \"$(cat said 2>/dev/null | tr '\\n' ' ')\" = 'run 600 0 1 0 hello ' ]\n"
        "echo $((! $?)) > /logs/verifier/reward.txt\n"
    )
    task = load_harbor_task(folder)
    assert task.writable[:3] == ("/srv/job", "/srv", "/data") and task.image == ""
    assert task.metadata["notes"][0] == "the backend's default image stands for debian:slim where none is built from it"
    assert prove(task, make_backend()).faults == []


def test_an_image_stands_for_lines_that_need_one_and_another_may_stand_for_it(folder: Path) -> None:
    (folder / "task.toml").write_text(TOML + 'docker_image = "acme/count:1"\n')
    (folder / "environment" / "Dockerfile").write_text(
        "FROM debian\nRUN apt-get install -y vim\nWORKDIR /app\nCOPY data data\nCOPY note.txt /etc/motd\n"
    )
    task = load_harbor_task(folder)
    assert task.image == "acme/count:1" and list(task.files) == ["/app/data/lines.txt"]
    with pytest.raises(ImageMissingError, match="acme/count:1"):
        prove(task, make_backend("bubblewrap"))
    mapped = load_harbor_task(folder, bases={"acme/count:1": "host"})
    assert mapped.image == "host" and "Dockerfile line 2: RUN" in mapped.metadata["notes"][1]
    assert prove(mapped, make_backend("bubblewrap")).faults == []
