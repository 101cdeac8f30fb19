"""What the system lets the process have, read from files as they are in the wild."""

from pathlib import Path

import pytest

from whiteboard.diagnostics.memory.cgroup import limit_bytes


def put(root: Path, name: str, text: str) -> None:
    """A file of the system."""
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_version_2_has_one_tree_and_the_least_on_the_way_up_counts(tmp_path: Path) -> None:
    """A unit within a slice that has less."""
    put(tmp_path, "proc/self/cgroup", "0::/system.slice/whiteboard.service\n")
    put(tmp_path, "sys/fs/cgroup/system.slice/whiteboard.service/memory.max", "max\n")
    assert limit_bytes(tmp_path) is None
    put(tmp_path, "sys/fs/cgroup/system.slice/whiteboard.service/memory.max", "1073741824\n")
    assert limit_bytes(tmp_path) == 1 << 30
    put(tmp_path, "sys/fs/cgroup/system.slice/memory.max", "536870912\n")
    assert limit_bytes(tmp_path) == 1 << 29


@pytest.mark.parametrize("line", ["0::/\n", "0::/../../docker/abc\n"])
def test_a_container_has_its_own_files_at_the_root(tmp_path: Path, line: str) -> None:
    """Whether it sees itself as the root, or as beside it."""
    put(tmp_path, "proc/self/cgroup", line)
    put(tmp_path, "sys/fs/cgroup/memory.max", "268435456\n")
    assert limit_bytes(tmp_path) == 1 << 28


def test_version_1_has_a_tree_for_memory(tmp_path: Path) -> None:
    """No limit is the largest number of pages there; the host's path is not seen in a container."""
    put(tmp_path, "proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n")
    put(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert limit_bytes(tmp_path) is None
    put(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n")
    assert limit_bytes(tmp_path) == 1 << 27


@pytest.mark.parametrize("text", ["", "what\n", "4:memory\n", "0::/\n"])
def test_where_there_is_nothing_to_read_there_is_no_limit(tmp_path: Path, text: str) -> None:
    """Another system, or one that shows no cgroups."""
    assert limit_bytes(tmp_path) is None
    put(tmp_path, "proc/self/cgroup", text)
    assert limit_bytes(tmp_path) is None
