"""Tests of ``portone_async.doctor``."""
