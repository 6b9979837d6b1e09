"""Deletes what an export leaves in the bucket beside its file."""

from exports.context import ExportContext
from exports.export_file import file_target
from exports.proven_rows import evidence_target, rows_target
from exports.run_files import run_target


def abort_uploads(export: ExportContext) -> None:
    uploader, checkpoint = export.services.uploader, export.checkpoint
    uploader.abort(file_target(export.job), checkpoint.file)
    uploader.abort(run_target(export.places, checkpoint.runs_made), checkpoint.merged_run)
    uploader.abort(rows_target(export.places), checkpoint.rows_file)
    uploader.abort(evidence_target(export.places, export.ask.filename), checkpoint.seal.file)


def delete_temporary(export: ExportContext) -> None:
    """Deletes the runs, the rows for evidence, and all parked bytes."""
    # One run more than the checkpoint knows of: a step that was not saved may have begun it.
    runs = [run_target(export.places, number) for number in range(export.checkpoint.runs_made + 1)]
    rows = rows_target(export.places)
    targets = [file_target(export.job), rows, evidence_target(export.places, export.ask.filename), *runs]
    parked = [place for target in targets for place in target.parked_places]
    export.services.files.delete([*(run.place for run in runs), rows.place, *parked])
