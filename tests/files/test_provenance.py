"""Which commit results say that they are of."""

import subprocess

import pytest

from lazytraining.files import provenance


@pytest.fixture
def repository(tmp_path):
    """A git repository with one commit, and a folder in it that is part of it."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/file").touch()
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_the_commit_and_whether_the_tree_is_committed(repository):
    commit, why = provenance.commit(repository)
    assert len(commit) == 40 and not why
    (repository / "inner/file").write_text("changed")
    assert provenance.commit(repository) == (f"{commit}-dirty", "")


def test_an_archive_inside_another_repository_has_no_commit(repository, monkeypatch):
    assert provenance.commit(repository / "inner") == ("unknown", "")
    own = provenance.commit(repository)
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as in a hook of another one
    assert provenance.commit(repository) == own


def test_a_clone_of_another_user_says_why(repository, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    commit, why = provenance.commit(repository)
    assert commit == "unknown"
    assert "ownership" in why and why.endswith(f"safe.directory {repository}") and len(why.splitlines()) == 1


def test_without_git_it_says_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.commit(repository) == ("unknown", "git: No such file or directory")
