"""Judgements of clips judged: decisions, calibration, abstention, touches, facts, seasons."""
