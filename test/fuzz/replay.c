/*
 * The short form of fuzzing, where there is no libFuzzer: the files named, and
 * a number of mutations of each, always the same ones.
 *
 *		NAME MUTATIONS FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE	65536

static uint64_t random_state = 88172645463325252;

static uint64_t
next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* a byte, a run of equal bytes, a cut, or bytes that come twice */
static size_t
mutate(uint8_t *data, size_t size)
{
	size_t		at = next_random() % size;
	size_t		length = 1 + next_random() % 16;

	if (length > size - at)
		length = size - at;
	switch (next_random() % 5)
	{
		case 0:
			data[at] = next_random();
			return size;
		case 1:
			data[at] ^= 1 << next_random() % 8;
			return size;
		case 2:
			memset(data + at, next_random() % 2 ? 0xFF : 0, length);
			return size;
		case 3:
			memmove(data + at, data + at + length, size - at - length);
			return size - length > 0 ? size - length : 1;
		default:
			if (size + length > MAX_SIZE)
				return size;
			memmove(data + at + length, data + at, size - at);
			return size + length;
	}
}

/* the input in memory of its own size, so that AddressSanitizer sees a byte too far */
static void
run(const uint8_t *data, size_t size)
{
	uint8_t    *copy = malloc(size);

	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int
main(int argc, char **argv)
{
	static uint8_t original[MAX_SIZE];
	static uint8_t data[MAX_SIZE];
	int			mutations = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 2; i < argc; i++)
	{
		FILE	   *file = fopen(argv[i], "rb");
		size_t		size;

		if (file == NULL || (size = fread(original, 1, sizeof(original), file)) == 0)
		{
			perror(argv[i]);
			return 1;
		}
		fclose(file);
		run(original, size);
		for (int m = 0; m < mutations; m++)
		{
			size_t		mutated = size;

			memcpy(data, original, size);
			for (int times = 1 + next_random() % 4; times > 0; times--)
				mutated = mutate(data, mutated);
			run(data, mutated);
		}
	}
	printf("%d executions\n", (argc - 2) * (mutations + 1));
	return 0;
}
