from __future__ import annotations

from raasid.evaluation.report_page import read_columns, training_curves


def test_a_sparse_file_gives_each_column_its_own_steps(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,epoch,train/loss,val/f1\n0,0,2.0,\n5,0,1.5,\n5,0,,0.25\n,1,9.0,\n9,1,inf,oops\n")
    columns = read_columns(path)
    assert columns["train/loss"] == [(0, 2.0), (5, 1.5)]
    assert columns["val/f1"] == [(5, 0.25)]


def test_only_groups_that_the_file_has_are_drawn(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,epoch,train/loss,lr-AdamW\n0,0,2.0,0.001\n5,0,1.5,0.0005\n")
    charts = training_curves(path)
    assert len(charts) == 2
    assert "train/loss" in charts[0]
    assert "lr-AdamW" in charts[1]
    path.write_text("")
    assert training_curves(path) == []
