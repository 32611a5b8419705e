-- leakage: revenue leakage detection
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION leakage" to load this file. \quit
