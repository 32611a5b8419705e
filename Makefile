# leakage: revenue leakage detection inside PostgreSQL
#
#   make, make install, make installcheck    as in every PGXS extension
#   make demo, make check                    install what is missing, build, and run on a private server

EXTENSION = leakage
EXTVERSION = 1.0
DIST = $(EXTENSION)-$(EXTVERSION).0

MODULE_big = leakage
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c))
PG_CFLAGS = -ffp-contract=off
PG_CPPFLAGS = -I$(srcdir)/src
# our functions call each other, and not what another extension may have under the same name
SYMBOLIC = -Wl,-Bsymbolic-functions
SHLIB_LINK = $(if $(filter linux freebsd,$(PORTNAME)),$(SYMBOLIC))

# one file a subject, joined into the install script
SQL_PARTS = $(sort $(wildcard sql/extension/*.sql sql/extension/*/*.sql))
DATA_built = sql/leakage--$(EXTVERSION).sql
EXTRA_CLEAN = build $(LOADER)

# the loader of files, a single script that can be copied to where the files are
LOADER = src/bin/leakage-load
LOADER_PARTS = $(sort $(wildcard src/bin/load/*.sh))

# sql/NAME.sql with expected/NAME.out; test/specs/NAME.spec with test/expected/NAME.out; test/t/NNN_NAME.pl
REGRESS = $(basename $(notdir $(wildcard expected/*.out)))
REGRESS_OPTS = --load-extension=leakage
ISOLATION = $(basename $(notdir $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --load-extension=leakage
# the TAP tests make servers of their own: they need IPC::Run, and a user that is not root
TAP_TESTS := $(shell [ "$$(id -u)" -ne 0 ] && perl -MIPC::Run -MTest::More -e 'print 1' 2>/dev/null)
PROVE_TESTS ?= test/t/*.pl

PG_CONFIG ?= pg_config

# These do not read PGXS, which may not be installed yet: they bring a server of their own, or need none.
WITHOUT_PGXS = check demo strict generator bench bench-dashboard bench-detection bench-groups bench-honest \
	bench-increment bench-load bench-plans bench-summary check-asan check-clients check-crash check-dist check-hostile \
	check-preview check-upgrade dist fuzz indent powerbi-check preview soak

ifeq (,$(filter-out $(WITHOUT_PGXS) build/generate,$(or $(MAKECMDGOALS),all)))

.PHONY: $(WITHOUT_PGXS)

check demo strict:
	@test/$@.sh

check-clients:
	@test/clients/check.sh

# pg_upgrade and pg_dump with marts: PG_CONFIG_NEW names the pg_config of a newer PostgreSQL
check-upgrade:
	@test/check-upgrade.sh

# The regime of docs/security.md. make check has a short form of each.
# An extension with ASan and UBSan: regress, isolation, and the hostile tests
check-asan:
	@test/check-asan.sh

# processes killed during everything that changes a mart: ROUNDS=N
check-crash:
	@CHECK_KINDS=tap CHECK_TIMEOUT=14400 PROVE_TESTS=test/t/036_crash.pl LEAKAGE_ROUNDS='$(or $(ROUNDS),1)' test/check.sh

# hostile owners, and hostile values through every function: ROUNDS=N
check-hostile:
	@CHECK_KINDS=tap CHECK_TIMEOUT=14400 PROVE_TESTS='test/t/003_null_matrix.pl $(wildcard test/t/*hostile*.pl)' \
		LEAKAGE_ROUNDS='$(or $(ROUNDS),20)' test/check.sh

# everything at once, from several sessions: MINUTES=N
soak:
	@CHECK_KINDS=tap CHECK_TIMEOUT=14400 PROVE_TESTS=test/t/038_soak.pl LEAKAGE_MINUTES='$(or $(MINUTES),5)' test/check.sh

# libFuzzer on every parser of bytes: SECONDS=N in all
fuzz:
	@test/fuzz/run.sh $(SECONDS)

# the generator of data with the published files' shape: build/generate --help
generator: build/generate

build/generate: $(wildcard test/data/*.[ch])
	@test/install-missing.sh build
	@mkdir -p build
	$(CC) -O2 -Wall -o $@ $(filter %.c,$^) -lm

# the overview page in a browser, and its test: see powerbi/preview/README.md
preview:
	@test/preview.sh

check-preview:
	@test/preview.sh check

# next to DuckDB, pandas and plain SQL; test/bench/main.sh lists the settings
bench:
	@SERVER_SETTINGS=machine test/server.sh run test/bench/main.sh

bench-dashboard bench-detection bench-groups bench-honest bench-increment bench-load bench-plans bench-summary:
	@SERVER_SETTINGS=$${SERVER_SETTINGS:-machine} test/server.sh run test/bench/$(@:bench-%=%).sh

# three validators that others wrote: NODE_MODULES=dir names where they are
powerbi-check:
	@test/powerbi/check.sh

# the archive for PGXN, of what is committed; check-dist builds it and runs its tests
dist:
	@mkdir -p build
	git archive --prefix=$(DIST)/ --output=build/$(DIST).zip HEAD

check-dist:
	@test/check-dist.sh

# lays the C files out as PostgreSQL's own
indent:
	@test/indent.sh

else

ifneq (,$(filter $(WITHOUT_PGXS),$(MAKECMDGOALS)))
$(error "make $(filter $(WITHOUT_PGXS),$(MAKECMDGOALS))" builds and installs on its own: give it without other targets)
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(and $(wildcard $(PGXS)),$(wildcard $(shell $(PG_CONFIG) --includedir-server)/postgres.h)))
$(error PostgreSQL's server development files are not there (on Debian: apt-get install postgresql-server-dev-15); PG_CONFIG is $(PG_CONFIG))
endif
# not above: make would hand it on to the scripts, which have a DATA of their own in the environment
DATA = $(wildcard sql/leakage--*--*.sql)
include $(PGXS)

all: $(LOADER)
$(LOADER): $(LOADER_PARTS)
	cat $(LOADER_PARTS) > $@.new
	chmod 755 $@.new
	mv $@.new $@

# The loader (docs/loading.md) goes where the server's programs are. On Debian and with the packages for Red Hat
# these are not on the PATH, so there it goes to /usr/local/bin.
scriptdir ?= $(if $(filter /usr/lib/postgresql/% /usr/pgsql-%,$(bindir)),/usr/local/bin,$(bindir))

.PHONY: install-script uninstall-script
install: install-script
install-script: $(LOADER)
	$(MKDIR_P) '$(DESTDIR)$(scriptdir)'
	$(INSTALL_SCRIPT) $(LOADER) '$(DESTDIR)$(scriptdir)/'

uninstall: uninstall-script
uninstall-script:
	rm -f '$(DESTDIR)$(scriptdir)/leakage-load'

# sums of doubles keep their order, so this changes the speed and no bit of a result
src/detector/likelihood.o src/groups/group_scan_state.o src/groups/group_sums_state.o: CFLAGS += $(CFLAGS_VECTORIZE)

# what was made for another server version, of other files, or from older headers is stale
BUILT_OF := $(shell mkdir -p build; v="$$($(PG_CONFIG) --version) $(SQL_PARTS) $(OBJS)"; \
	[ "$$(cat build/built_of 2>/dev/null)" = "$$v" ] || echo "$$v" > build/built_of)
$(OBJS) $(OBJS:.o=.bc): build/built_of $(wildcard src/*/*.h)

sql/leakage--$(EXTVERSION).sql: build/built_of $(SQL_PARTS)
	cat $(SQL_PARTS) > $@

endif
