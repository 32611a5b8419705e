# The documents name only what exists: files, headings, make targets, and the extension's functions, types, relations, and
# columns. The README lists every published view. (005_documented.pl checks docs/reference.md object by object.)

use strict;
use warnings FATAL => 'all';

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my @documents = grep { -f "$top/$_" } qw(README.md CHANGELOG.md CONTRIBUTING.md powerbi/preview/README.md test/data/README.md),
	map { s{^\Q$top\E/}{}r } glob("$top/docs/*.md");
cmp_ok(scalar @documents, '>', 8, 'there are documents');

# the list must be empty
sub none
{
	my ($name, @list) = @_;

	is(join("\n", @list), '', $name);
}

# the parts formatted as code: blocks and spans in backquotes
sub code
{
	my ($text) = @_;
	my @code = $text =~ /^```\w*\n(.*?)^```$/msg;

	push @code, $text =~ /^((?: {4}|\t).+)$/mg;
	$text =~ s/^```.*?^```$//msg;
	return @code, $text =~ /`([^`]+)`/g;
}

# the anchors of a document's headings
sub anchors
{
	my ($text) = @_;
	my %anchor;

	$text =~ s/^```.*?^```$//msg;
	for my $heading ($text =~ /^#+ (.*)$/mg)
	{
		$anchor{ lc($heading) =~ s/[^\w\- ]//gr =~ s/ /-/gr } = 1;
	}
	return %anchor;
}

# ---- links

sub dead_links
{
	my ($document, $text) = @_;
	my ($dir) = $document =~ m{^(.*/)};
	my @dead;

	for my $link ($text =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ m{^\w+://};
		my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
		my $file = $path eq '' ? "$top/$document" : "$top/" . ($dir // '') . $path;
		if (!-e $file)
		{
			push @dead, "$document: $link";
		}
		elsif (defined $anchor)
		{
			my %anchor = anchors(slurp_file($file));
			push @dead, "$document: $link" unless $anchor{$anchor};
		}
	}
	return @dead;
}

# ---- files of the checkout, with * or NAME for any characters

sub missing_files
{
	my ($document, $text) = @_;

	return map { "$document: $_" } grep { my @found = grep { -e } glob("$top/" . s/\bNAME\b/*/r); !@found }
		map { m{(?<![\w./-])((?:src|sql|expected|test|docs|powerbi|debian|\.ci|\.github)/[\w.*/-]*[\w*/])}g } code($text);
}

# ---- make targets

my $makefile = slurp_file("$top/Makefile") =~ s/\\\n//gr;
my %target = map { $_ => 1 } qw(all install uninstall installcheck clean),
	map { split } $makefile =~ /^WITHOUT_PGXS = (.*)$/m, $makefile =~ /^([\w -]+):(?!=)/mg;

sub missing_targets
{
	my ($document, $text) = @_;

	return map { "$document: make $_" } grep { !$target{$_} }
		map { /\bmake (?:-C \S+ |[A-Z_]+=\S+ )*([a-z][a-z-]*)(?![\w=-])/g } code($text);
}

# ---- objects

my $node = PostgreSQL::Test::Cluster->new('names');
$node->init;
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION leakage; CALL leakage_create_mart('mart')});
my %known = map { $_ => 1 } qw(leakage_owner leakage_stage_), split /\n/, $node->safe_psql('postgres', q{
	SELECT CASE WHEN pronamespace = '_leakage'::regnamespace THEN '_leakage.' ELSE '' END || proname
	  FROM pg_proc WHERE pronamespace IN ('_leakage'::regnamespace, 'public'::regnamespace)
	UNION
	SELECT CASE WHEN typnamespace = '_leakage'::regnamespace THEN '_leakage.' ELSE '' END || typname
	  FROM pg_type WHERE typnamespace IN ('_leakage'::regnamespace, 'public'::regnamespace)
	UNION
	SELECT relname FROM pg_class WHERE relnamespace = 'mart'::regnamespace
	UNION
	SELECT attname FROM pg_class c JOIN pg_attribute ON attrelid = c.oid WHERE relnamespace = 'mart'::regnamespace});

sub unknown_names
{
	my ($document, $text) = @_;

	return map { "$document: $_" } grep { !$known{$_} }
		map { m{(?<![\w./])(_leakage\.\w+|leakage_\w+)(?![\w/-]*\.[a-z]\b)}g } code($text);
}

# ---- all of it

for my $document (@documents)
{
	my $text = slurp_file("$top/$document");

	none("$document: links", dead_links($document, $text));
	none("$document: files", missing_files($document, $text));
	none("$document: make targets", missing_targets($document, $text));
	none("$document: names", unknown_names($document, $text));
}

my $published = slurp_file("$top/README.md") =~ s/.*^## What is published$(.*?)^## .*/$1/msr;
none('the README lists every published view', grep { $published !~ /^\|.*`\Q$_\E`.*\|.*\|$/m } split /\n/, $node->safe_psql('postgres', q{
	CREATE ROLE reader;
	CALL leakage_grant_bi('mart', 'reader');
	SELECT relname FROM pg_class
	 WHERE relnamespace = 'mart'::regnamespace AND has_table_privilege('reader', oid, 'SELECT') ORDER BY relname}));

my ($output) = slurp_file("$top/README.md") =~ /^Part of the output:\n\n```\n(.*?)^```$/ms;
my $script = slurp_file("$top/test/demo.sql") . slurp_file("$top/test/demo_truth.sql");
none('the README shows what make demo prints', grep { index($script, "'$_'") < 0 } $output =~ /^(== .*)$/mg);

# ---- each kind of mistake is found

is(join(' ', dead_links('docs/rules.md', '[a](rules.md) [b](rule.md) [c](rules.md#1-cleaning) [d](rules.md#2-cleaning) [e](#e)')),
	'docs/rules.md: rule.md docs/rules.md: rules.md#2-cleaning docs/rules.md: #e', 'dead links are found');
is(join(' ', missing_files('x', '`test/t/*.pl` `test/t/*.py` `src/leakage.c`, `src/leak.c`')),
	'x: test/t/*.py x: src/leak.c', 'missing files are found');
is(join(' ', missing_targets('x', "`make check` `make PG_CONFIG=a chek` `make -C ../.. preview` `make PG_CONFIG=a`\n```\nsudo make instal\n```\n")),
	'x: make instal x: make chek', 'missing make targets are found');
is(join(' ', unknown_names('x', "`leakage_refresh(a)` `leakage_refreshed` `_leakage.check_mart` `_leakage.check` `leakage_cube`")),
	'x: leakage_refreshed x: _leakage.check', 'unknown names are found');

$node->stop;
done_testing();
