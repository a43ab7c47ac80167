# SPDX-License-Identifier: Apache-2.0
#
# make            builds ./usher from whatever lies in src/*/ (a new file needs no line here)
# make run        installs what is missing, builds, runs examples/quickstart.cfg
# make check      everything that can be checked; the last line counts it
# make unit       one cmocka runner per folder, linked with that folder and those below it only
# make reg-tests  reg-tests/**/*.vtc and the drivers in reg-tests/process (PROGRAM=./usher)
# make asan tsan  unit tests and reg-tests under the sanitizers
# make fuzz       a minute for each target in contrib/fuzz (FUZZ_SECONDS=60); fuzz-check is the short form
# make house      the direction rule: no upward arrow, no circle
# make install    PREFIX=/usr/local DESTDIR=
#
# CC, CPPFLAGS, CFLAGS, LDFLAGS are the caller's and come after ours. VARIANT is one of gcc, clang, asan, tsan, fuzz;
# each has its own build/<variant>. Everything is linked from objects: an archive would drop the leaves.

VARIANT ?= gcc
ifeq ($(origin CC),default)
CC := $(if $(filter gcc,$(VARIANT)),gcc,clang)
endif
CFLAGS ?= -O2 -g
WERROR ?= -Werror
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DOCDIR ?= $(PREFIX)/share/doc/usher
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALL ?= install
PKG_CONFIG ?= pkg-config
FUZZ_SECONDS ?= 60
VERSION := $(shell cat VERSION)

B := build/$(VARIANT)
PROGRAM ?= $(if $(filter gcc,$(VARIANT)),./usher,$(B)/usher)
USHER := $(if $(filter gcc,$(VARIANT)),usher,$(B)/usher)

SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread
SANITIZE_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SANITIZE := $(SANITIZE_$(VARIANT))

LIBRARIES := libpcre2-8 libssl libcrypto libxxhash jansson lua5.4
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
LIB_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null || echo -lpcre2-8 -lssl -lcrypto -lxxhash -ljansson -llua5.4)

OUR_CPPFLAGS := -D_GNU_SOURCE -Iinclude
OUR_CFLAGS := -std=gnu11 -pthread -Wall -Wextra -Wshadow -Wstrict-prototypes $(WERROR)
COMPILE = $(CC) $(OUR_CPPFLAGS) $(LIB_CFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) $(SANITIZE)
# The watchdog names functions by the dynamic symbols.
LINK = $(CC) -pthread -rdynamic $(CFLAGS) $(SANITIZE) $(LDFLAGS)
LIBS = $(LIB_LIBS) -lcrypt -pthread

# What there is. Objects keep the source's path, so that __FILE__ is relative to the repository.
ALL_C := $(sort $(wildcard src/*/*.c src/*/*/*.c))
TEST_C := $(filter %_test.c,$(ALL_C))
SOURCES := $(filter-out %_test.c,$(ALL_C))
objects = $(patsubst %.c,$(B)/%.o,$(1))
OBJECTS := $(call objects,$(SOURCES))
ENTRY := $(wildcard src/main/main.c)

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all run check unit reg-tests asan tsan clang fuzz fuzz-check fuzz-build house docs-check install install-files clean FORCE

all: $(if $(ENTRY),$(USHER),$(OBJECTS))

# A change of flags or of the set of files rebuilds what hangs on it; an unchanged stamp keeps its time.
define stamp
@mkdir -p $(@D)
@printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' > $@
endef
$(B)/flags: FORCE
	$(call stamp,$(COMPILE) | $(LINK) | $(LIBS))
$(B)/sources: FORCE
	$(call stamp,$(ALL_C))
# The version is known only to the files that name it.
$(B)/version: FORCE
	$(call stamp,$(VERSION))
VERSIONED := $(if $(ALL_C),$(call objects,$(shell grep -ls USHER_VERSION $(ALL_C))))
$(VERSIONED): OUR_CPPFLAGS += -DUSHER_VERSION='"$(VERSION)"'
$(VERSIONED): $(B)/version

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@

# The lists that stand in an object as they are.
$(B)/src/conf/haproxy_names.o: $(wildcard contrib/keywords/*.txt)

$(USHER): $(OBJECTS) $(B)/flags $(B)/sources
	$(LINK) -o $@ $(OBJECTS) $(LIBS)

# Unit tests: src/LAYERS as words "folder:lower,folders".
HOUSE := $(shell awk '/^[0-9]/ { rank[$$2] = $$1; n++ } $$1 == "strangers" { no[$$2, $$3] = no[$$3, $$2] = 1 } \
	END { for (f in rank) { s = f ":"; for (g in rank) if (rank[g] < rank[f] && !((f, g) in no)) s = s g ","; print s } }' \
	src/LAYERS)
comma := ,
$(foreach h,$(HOUSE),$(eval SEES_$(word 1,$(subst :, ,$h)) := $(subst $(comma), ,$(word 2,$(subst :, ,$h)))))
FOLDERS := $(foreach h,$(HOUSE),$(word 1,$(subst :, ,$h)))
in_folder = $(filter src/$(1)/%,$(2))
TESTED := $(sort $(foreach f,$(FOLDERS),$(if $(call in_folder,$f,$(TEST_C)),$f)))
RUNNERS := $(TESTED:%=$(B)/unit/%)

define runner
$(B)/unit/$(1).c: $(B)/sources
	@mkdir -p $$(@D)
	@{ echo '#include <stdio.h>'; \
	for t in $(basename $(notdir $(call in_folder,$(1),$(TEST_C)))); do echo "int $$$$t(void);"; done; \
	echo 'int main(void) { int bad = 0; setvbuf(stdout, NULL, _IOLBF, 0);'; \
	for t in $(basename $(notdir $(call in_folder,$(1),$(TEST_C)))); do echo "	bad += $$$$t() != 0;"; done; \
	echo '	return bad != 0; }'; } > $$@
$(B)/unit/$(1): $(B)/unit/$(1).c $(call objects,$(call in_folder,$(1),$(TEST_C)) $(foreach g,$(1) $(SEES_$(1)),$(call \
		in_folder,$g,$(filter-out $(ENTRY),$(SOURCES))))) $(B)/flags $(B)/sources
	$$(LINK) -o $$@ $$(filter %.c %.o,$$^) -lcmocka $$(LIBS)
endef
$(foreach f,$(TESTED),$(eval $(call runner,$f)))

unit: $(RUNNERS)
	@contrib/run-unit $(RUNNERS)

clang asan tsan:
	$(MAKE) VARIANT=$@ all unit reg-tests

reg-tests: all
	@contrib/run-tests --program $(PROGRAM)

house: all
	@contrib/house --objects $(B)

docs-check: all
	@contrib/check-docs

# Fuzzing: one libFuzzer program per contrib/fuzz/<name>.c, its corpus beside it in contrib/fuzz/corpus/<name>/.
FUZZ_C := $(sort $(wildcard contrib/fuzz/*.c))
FUZZERS := $(FUZZ_C:contrib/fuzz/%.c=$(B)/fuzz/%)
FUZZED := $(filter-out $(call objects,src/main/%.c),$(OBJECTS))
fuzz-build: $(FUZZERS)
$(B)/fuzz/%: $(B)/contrib/fuzz/%.o $(FUZZED) $(B)/flags $(B)/sources
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(LIBS)
fuzz:
	@$(MAKE) VARIANT=fuzz fuzz-build
	@contrib/run-fuzz $(FUZZ_SECONDS) build/fuzz/fuzz
fuzz-check:
	@$(MAKE) FUZZ_SECONDS=10 fuzz

run:
	@contrib/install-deps run
	@echo 'Building ./usher'
	@$(MAKE) -s --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(nproc)) all
	@sed -n 's,^#: ,,p' examples/quickstart.cfg
	@trap : INT; trap 'kill $$p' TERM HUP; ./usher -f examples/quickstart.cfg & p=$$!; \
	wait $$p; status=$$?; [ $$status -lt 128 ] || ! kill -0 $$p 2>/dev/null || { wait $$p; status=$$?; }; \
	[ $$status -ne 130 ] || echo; exit $$(($$status == 130 ? 0 : $$status))

check:
	@contrib/install-deps check
	@contrib/check

install: all install-files
install-files:
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(UNITDIR)
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(SBINDIR)/usher
	$(INSTALL) -m 644 README.md LICENSE $(wildcard doc/*.md) $(DESTDIR)$(DOCDIR)
	for f in $(patsubst examples/%,%,$(wildcard examples/*.cfg examples/*.yaml examples/*/*)); do \
		$(INSTALL) -D -m 644 examples/$$f $(DESTDIR)$(DOCDIR)/examples/$$f || exit 1; done
	$(INSTALL) -m 644 $(wildcard doc/*.1) $(DESTDIR)$(MANDIR)/man1
	sed 's,@SBINDIR@,$(SBINDIR),' contrib/systemd/usher.service > $(DESTDIR)$(UNITDIR)/usher.service
	chmod 644 $(DESTDIR)$(UNITDIR)/usher.service

clean:
	rm -rf build usher quickstart.sock

-include $(OBJECTS:.o=.d) $(patsubst %.o,%.d,$(call objects,$(TEST_C))) $(wildcard $(B)/contrib/fuzz/*.d)
