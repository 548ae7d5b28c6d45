"""What has been done to the package, what it does then, and which test holds it.

``python tests/support/faults.py`` renews the table in ``CONTRIBUTING.md``.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"


class Fault(NamedTuple):
    """What goes wrong, what happens then, and the tests of it: files below ``tests``, and names."""

    what: str
    then: str
    tests: tuple[str, ...]


KILLED = "cli/test_killed.py::test_killed_at_random_moments_a_command_ends_as_if_nothing_had_been"
READ_ONLY = "system/test_disks.py::test_disk_that_may_only_be_read_is_told"
FULL = "system/test_disks.py::test_full_disk_is_told_and_with_more_room_the_command_goes_on"
FAULTS = [
    Fault(
        "`enhance` is killed",
        "files that have their name are whole; `--resume` does the others",
        (KILLED, "cli/test_main.py::test_killed_while_writing_leaves_the_old_file"),
    ),
    Fault(
        "`data open` is killed",
        "what its table lists stays; the same command fetches the rest",
        (KILLED,),
    ),
    Fault(
        "`data build` is killed",
        "the corpus is whole or not there; the same command goes on, and mixes no whole pair again",
        (
            KILLED,
            "corpora/test_build.py::test_build_that_ends_at_its_last_moment_is_not_mixed_again",
        ),
    ),
    Fault(
        "`train` is killed",
        "the epoch it was in is lost; `--resume` ends with the bits of a run left alone",
        (KILLED, "training/test_fit.py::test_resumed_training_ends_with_the_same_bits"),
    ),
    Fault(
        "`train` is terminated, or its terminal closes",
        "the step it was in is finished and saved, with `--distribute`, too",
        (
            "training/test_fit.py::test_sigterm_finishes_the_step_and_saves",
            "training/test_fit.py::test_terminal_that_closes_loses_no_step",
            "training/test_cluster.py::test_terminated_launcher_waits_for_what_the_chief_saves",
        ),
    ),
    Fault(
        "one machine of several is killed in `train`",
        "the others end with one line; `--resume` on all ends with the bits of a run left alone",
        (
            "training/test_replicas.py::"
            "test_killed_worker_of_two_machines_costs_its_epoch_and_nothing_else",
        ),
    ),
    Fault(
        "two machines share a run, and have not the same sound",
        "one line that says what differs; nothing is written",
        ("training/test_from_folders.py::test_worker_with_other_sound_than_the_chief_is_refused",),
    ),
    Fault(
        "a command with workers is killed",
        "they end within seconds",
        (
            "cli/test_enhance.py::test_workers_of_a_killed_command_write_no_longer",
            "training/test_cluster.py::test_workers_of_a_killed_launcher_train_no_longer",
        ),
    ),
    Fault(
        "a store is killed while it is filled",
        "the array it was making is lost",
        ("corpora/test_store.py::test_killed_process_loses_only_what_it_was_making",),
    ),
    Fault(
        "two write one file",
        "the second is refused, the first goes on",
        (
            "test_files.py::test_second_writer_of_a_file_is_refused_and_the_first_goes_on",
            "sound/test_sink.py::test_two_at_once_never_mix_in_one_file",
        ),
    ),
    Fault(
        "two fill one folder: `train`, `data open`, `data build`, `data voicebank`",
        "the second is refused; a kill of the first lets it in",
        (
            "training/test_fit.py::test_second_training_at_once_is_refused",
            "corpora/test_open_material.py::test_second_run_at_once_is_refused",
            "corpora/test_build.py::test_second_build_at_once_is_refused",
            "corpora/test_download.py::test_second_download_at_once_is_refused",
            "test_files.py::test_claim_keeps_other_processes_out_until_its_own_is_killed",
        ),
    ),
    Fault(
        "two fill one store",
        "the second waits, and finds all made",
        ("corpora/test_store.py::test_second_process_waits_and_finds_all_made",),
    ),
    Fault(
        "the disk is full in `enhance`",
        "a line for each file without room, and the others are written",
        ("system/test_disks.py::test_full_disk_stops_no_file_that_has_room",),
    ),
    Fault(
        "the disk is full in `data open` or `data build`",
        "one line; with more room the same command goes on",
        (FULL,),
    ),
    Fault(
        "the disk is full in `train`",
        "one line; with more room `--resume` goes on",
        (
            "system/test_disks.py::test_training_on_a_full_disk_tells_it_and_goes_on_with_more_room",
            "system/test_disks.py::test_curves_on_a_full_disk_tell_it",
        ),
    ),
    Fault(
        "the disk is full while something is downloaded, or kept in a store",
        "one line, and what is there is used again",
        (
            "system/test_disks.py::test_full_disk_keeps_what_was_downloaded",
            "system/test_disks.py::test_full_disk_keeps_what_a_store_has",
            "corpora/test_download.py::test_full_disk_is_told_before_the_download",
        ),
    ),
    Fault(
        "the disk is full where a file is replaced",
        "one line, and the old file stays",
        (
            "system/test_disks.py::test_full_disk_keeps_the_old_file",
            "sound/test_audio.py::test_write_that_fails_keeps_the_old_file",
        ),
    ),
    Fault("the output may only be read", "one line that names it", (READ_ONLY,)),
    Fault(
        "a corpus may only be read",
        "its store lies in the user's cache",
        ("corpora/test_store.py::test_folder_that_cannot_be_written_has_its_store_in_the_cache",),
    ),
    Fault(
        "a sound file shrinks while it is read",
        "what was there is used, and a note says so",
        (
            "sound/test_source.py::"
            "test_file_that_shrinks_while_it_is_read_gives_what_was_there_and_tells_it",
        ),
    ),
    Fault(
        "a recording changes under `data build` or `data open --from`",
        "one line: the list of sources would name another sound",
        (
            "corpora/test_build.py::test_recording_that_was_cut_after_it_was_planned_is_told",
            "corpora/test_open_material.py::test_copy_that_is_cut_while_it_is_read_is_told",
        ),
    ),
    Fault(
        "a store shrinks under a training run",
        "one line that names it",
        ("corpora/test_store.py::test_samples_that_are_cut_short_while_they_are_read_are_told",),
    ),
    Fault(
        "an archive's names lead out of the folder",
        "they choose a name in it, and never a place",
        ("corpora/test_download.py::test_names_that_lead_out_of_the_folder_stay_in_it",),
    ),
    Fault(
        "an archive is a bomb, damaged or has a password",
        "one line, and nothing of it comes into the folder",
        (
            "corpora/test_download.py::test_bomb_is_refused_before_it_is_unpacked",
            "corpora/test_download.py::test_without_a_sum_the_archive_checks_itself",
            "corpora/test_download.py::test_archive_with_a_password_is_told",
        ),
    ),
    Fault(
        "the `SOURCES.csv` of a material names a file outside",
        "one line, and nothing is removed",
        ("corpora/test_open_material.py::test_table_that_names_a_file_outside_removes_nothing",),
    ),
    Fault(
        "weights hold a pickle, or a bomb, or are cut",
        "one line; no pickle is ever opened",
        (
            "network/test_in_numpy.py::test_pickled_objects_are_never_loaded",
            "network/test_in_numpy.py::test_weights_that_would_fill_the_memory_are_refused",
            "cli/test_main.py::test_truncated_weights_are_named",
            "test_faults.py::test_nothing_of_ours_opens_a_pickle",
        ),
    ),
]


def table() -> str:
    """All faults."""
    rows = ["| what goes wrong | what happens then | held by |", "| --- | --- | --- |"]
    for fault in FAULTS:
        files = dict.fromkeys(test.split("::")[0] for test in fault.tests)
        rows.append(f"| {fault.what} | {fault.then} | {', '.join(f'`{f}`' for f in files)} |")
    return "\n".join(rows)


def renewed(page: str) -> str:
    """The page with the table of today."""
    return re.sub(
        r"\| what goes wrong \|.*?\n\n", lambda _: table() + "\n\n", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
