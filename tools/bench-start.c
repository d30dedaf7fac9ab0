// Starts programs in turns and prints how long each takes until it has ended (tools/bench-start).
//   time RUNS NAME PROGRAM ARGUMENTS... [-- NAME PROGRAM ARGUMENTS...]...
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most = 16 };
extern char **environ;

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/// Microseconds from starting a program to its end; -1 where it cannot be started or fails.
static double run(char **command, posix_spawn_file_actions_t *actions) {
  pid_t child;
  int status = 0;
  double start = now();
  if (posix_spawn(&child, command[0], actions, NULL, command, environ) != 0) return -1;
  if (waitpid(child, &status, 0) != child || status != 0) return -1;
  return now() - start;
}

int main(int count, char **arguments) {
  int runs = count > 3 ? atoi(arguments[1]) : 0;
  if (runs < 1) return fprintf(stderr, "time RUNS NAME PROGRAM ARGUMENTS... [-- NAME PROGRAM ...]...\n"), 2;
  char **commands[most] = {arguments + 2};
  int programs = 1;
  for (int i = 3; i < count && programs < most; i++) {
    if (strcmp(arguments[i], "--") != 0) continue;
    arguments[i] = NULL;
    commands[programs++] = arguments + i + 1;
  }
  double *times = malloc(sizeof(double) * (size_t)runs * (size_t)programs);
  if (times == NULL) return 1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  for (int round = 0; round < runs; round++) {
    for (int program = 0; program < programs; program++) {
      double time = run(commands[program] + 1, &actions);
      if (time < 0) return fprintf(stderr, "%s failed\n", commands[program][1]), 1;
      times[program * runs + round] = time;
    }
  }
  printf("%-24s %8s %8s  us\n", "", "median", "least");
  for (int program = 0; program < programs; program++) {
    double *own = times + program * runs;
    qsort(own, (size_t)runs, sizeof(double), compare);
    printf("%-24s %8.0f %8.0f\n", commands[program][0], own[runs / 2], own[0]);
  }
  return 0;
}
