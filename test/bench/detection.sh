#!/bin/bash
# Detection of planted leakage by the mart, by other methods, and by the best possible method, on a running server:
# make bench-detection
#
# From the environment: PGHOST, PGPORT and so on for the server, and
#   SEEDS       seeds, one data set per setting and seed ("1001 1002 1003")
#   SCALE       of the generator's data; 0.2 is 19,470 users (0.2)
#   SETTINGS    spread of the users' levels / leak rate in %; tiers: a spread of 0.3 in segments with different levels
#               ("0/0 0/1 0/5 0.3/0 0.3/1 0.3/5 0.6/0 0.6/1 0.6/5 tiers/0 tiers/1 tiers/5"); "none": no settings
#   RIVALS      0: skip the generic outlier detectors (1)
#   ORACLE      0: skip the detector that knows how the data were generated (1)
#   ROBUSTNESS  0: skip the irregular data sets (1)
#   PYTHON      an interpreter with numpy, scipy, and scikit-learn (/usr/bin/python3)
# Prints tables to standard output and progress to standard error. Exits with 1 if a bar fails. The bars apply to a scale
# of at least 0.2, at least three seeds, and seeds not used in development.

. "$(dirname "$0")/../lib.sh"

python=${PYTHON:-/usr/bin/python3}

if ! command -v "$python" > /dev/null; then
	missing=(python3 python3-numpy python3-scipy python3-sklearn)
else
	missing=()
	for package in numpy scipy sklearn; do
		"$python" -c "import $package" 2> /dev/null || missing+=("python3-$package")
	done
fi
[ ${#missing[@]} -eq 0 ] ||
	die "the benchmark needs $python with numpy, scipy, and scikit-learn. Missing Debian packages: ${missing[*]}.
    sudo apt-get install ${missing[*]}
or set PYTHON to an interpreter that has them."

quiet_make generator >&2
export GENERATOR=$top/build/generate PYTHONDONTWRITEBYTECODE=1
exec "$python" "$top/test/bench/detection.py"
