# A small PostgreSQL client that behaves like Power BI's driver, Npgsql 4.0.17. It sends every query as Parse, Bind,
# Describe, Execute of the unnamed statement, requests all columns in binary, and sends DISCARD ALL between queries. It
# decodes the values that the driver passes on to Power BI, and fails where the driver fails.

package Wire;

use strict;
use warnings FATAL => 'all';

use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

my $largest_decimal = '79228162514264337593543950335';		# the largest System.Decimal: 2 ^ 96 - 1
my $epoch_day = 10957;						# 2000-01-01, in days since 1970-01-01

# the types of published datasets and of information_schema, by OID
my %decode = (
	16 => sub { $_[0] eq "\1" ? 't' : 'f' },		# boolean
	18 => sub { $_[0] },					# "char"
	19 => sub { $_[0] },					# name
	20 => sub { unpack('q>', $_[0]) },			# bigint
	21 => sub { unpack('s>', $_[0]) },			# smallint
	23 => sub { unpack('l>', $_[0]) },			# integer
	25 => sub { $_[0] },					# text
	26 => sub { unpack('N', $_[0]) },			# oid
	701 => sub { 0 + sprintf('%.15g', unpack('d>', $_[0])) },	# double precision
	1043 => sub { $_[0] },					# varchar
	1082 => \&date,
	1114 => \&timestamp,
	1700 => \&decimal);

sub date
{
	my $days = unpack('l>', $_[0]);

	die "infinite date\n" if abs($days) >= 2147483647;
	return POSIX::strftime('%Y-%m-%d', gmtime(($days + $epoch_day) * 86400));
}

sub timestamp
{
	my $microseconds = unpack('q>', $_[0]);
	my $seconds = POSIX::floor($microseconds / 1e6);
	my $fraction = sprintf('.%06d', $microseconds - $seconds * 1000000);

	die "infinite timestamp\n" if abs($microseconds) >= 9223372036854775807;
	$fraction =~ s/\.?0+$//;
	return POSIX::strftime('%Y-%m-%d %H:%M:%S', gmtime($seconds + $epoch_day * 86400)) . $fraction;
}

# numeric, as System.Decimal: 96 bits, at most 28 places, no NaN, no infinity
sub decimal
{
	my (undef, $weight, $sign, $scale, @groups) = unpack('n s> n n n*', $_[0]);

	die "not a finite number\n" if $sign != 0 && $sign != 0x4000;
	die "$scale places: the value does not fit in a System.Decimal\n" if $scale > 28;

	my $whole = join('', map { sprintf('%04d', $groups[$_] // 0) } 0 .. $weight);
	my $part = join('', map { sprintf('%04d', $_ < 0 ? 0 : $groups[$_] // 0) } $weight + 1 .. $weight + 7);
	my $digits = ($whole . substr($part, 0, $scale)) =~ s/^0+//r;

	die "the value does not fit in a System.Decimal\n"
		if length($digits) > 29 || length($digits) == 29 && $digits gt $largest_decimal;
	$whole =~ s/^0+(?=.)//;
	return ($sign ? '-' : '') . ($whole eq '' ? '0' : $whole) . ($scale > 0 ? '.' . substr($part, 0, $scale) : '');
}

# host (an address, or the directory of a socket), port, user, database
sub connect
{
	my ($class, %to) = @_;
	my $socket = $to{host} =~ m{^/}
		? IO::Socket::UNIX->new(Peer => "$to{host}/.s.PGSQL.$to{port}")
		: IO::Socket::INET->new(PeerHost => $to{host}, PeerPort => $to{port});
	my $self = bless { socket => $socket // die "cannot connect to $to{host} port $to{port}: $!\n" }, $class;

	my $startup = pack('N (Z*)*', 196608, user => $to{user}, database => $to{database}, client_encoding => 'UTF8') . "\0";
	print { $self->{socket} } pack('N', length($startup) + 4), $startup;
	$self->{socket}->flush;
	$self->until_ready;
	return $self;
}

sub send_messages
{
	my ($self, @messages) = @_;

	print { $self->{socket} } map { $_->[0] . pack('N', length($_->[1]) + 4) . $_->[1] } @messages;
	$self->{socket}->flush;
}

sub receive
{
	my ($self, $length) = @_;
	my $bytes = '';

	while (length($bytes) < $length)
	{
		read($self->{socket}, $bytes, $length - length($bytes), length($bytes)) or die "the server closed the connection\n";
	}
	return $bytes;
}

# Reads the server's messages until it is ready for the next query: columns, rows, error.
sub until_ready
{
	my ($self) = @_;
	my %answer = (columns => [], rows => []);

	for (;;)
	{
		my ($kind, $length) = unpack('a N', $self->receive(5));
		my $body = $self->receive($length - 4);

		if ($kind eq 'R')
		{
			die "the server asks for a password: this client has none\n" if unpack('N', $body) != 0;
		}
		elsif ($kind eq 'E')
		{
			my %field = map { substr($_, 0, 1) => substr($_, 1) } grep { length } split /\0/, $body;
			$answer{error} = "$field{C}: $field{M}";
			$answer{sqlstate} = $field{C};
			die "$answer{error}\n" if $field{S} eq 'FATAL';
		}
		elsif ($kind eq 'T')
		{
			my (undef, @fields) = unpack('n (Z* N n N n l> n)*', $body);
			while (my ($name, undef, undef, $type, undef, $modifier, $binary) = splice(@fields, 0, 7))
			{
				push @{ $answer{columns} }, { name => $name, type => $type, modifier => $modifier, binary => $binary };
			}
		}
		elsif ($kind eq 'D')
		{
			push @{ $answer{rows} }, $body;
		}
		elsif ($kind eq 'Z')
		{
			return \%answer;
		}
	}
}

# Runs a query as the driver does. Returns columns (name, type, modifier) and rows of text, with undef for NULL, or error
# and sqlstate.
sub query
{
	my ($self, $sql) = @_;

	$self->send_messages([ Q => "DISCARD ALL\0" ]);
	my $discarded = $self->until_ready;
	return $discarded if $discarded->{error};

	$self->send_messages(
		[ P => "\0$sql\0" . pack('n', 0) ],		# unnamed statement, no parameters
		[ B => "\0\0" . pack('n n n n', 0, 0, 1, 1) ],	# all results in binary
		[ D => "P\0" ],
		[ E => "\0" . pack('N', 0) ],
		[ S => '' ]);
	my $answer = $self->until_ready;
	my @columns = @{ $answer->{columns} };
	for my $column (grep { !$decode{ $_->{type} } } @columns)
	{
		$answer->{error} //= "the field \"$column->{name}\" has a type that datasets must not have (OID $column->{type})";
	}
	return $answer if $answer->{error};

	for my $row (@{ $answer->{rows} })
	{
		my $at = 2;
		my @values;

		for my $column (@columns)
		{
			my $length = unpack('l>', substr($row, $at, 4));
			my $value;

			$at += 4;
			if ($length >= 0)
			{
				$value = eval { $decode{ $column->{type} }->(substr($row, $at, $length)) };
				$answer->{error} //= "the field \"$column->{name}\": $@" =~ s/\n//r if $@;
				$at += $length;
			}
			push @values, $value;
		}
		$row = \@values;
	}
	return $answer;
}

sub close
{
	my ($self) = @_;

	$self->send_messages([ X => '' ]);
	close($self->{socket});
}

1;
