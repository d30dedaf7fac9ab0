// The kernels for panels of few output channels and for dense panels of four bits against the plain loop; a part of
// check-kernels.c, which includes it after its own checks.
#pragma once

/// The filters from `first` on, at most four, as steps of 64 inputs: a run is a row of the window, or less by a random cut.
static void few_with(const layer *l, const kernels *k, int first, int channels, uint8_t *y) {
  const int width = channels > 2 ? 4 : 2, most = 1 + below(16), per_row = l->kernel * l->channels / 4;
  int32_t *bias = room(sizeof(int32_t) * (size_t)(l->filters + 64)), *steps = room(sizeof(int32_t) * (size_t)l->step_count);
  int8_t *weights = room((size_t)(l->step_count * width * 64));
  int count = 0;
  for (int t = 0; t < l->step_count; count++) {
    steps[count] = l->steps[t];
    for (int end = t + most; t < end && t < l->step_count; t++) {
      const int at = l->steps[t] - steps[count];
      for (int c = 0; c < channels; c++)
        for (int b = 0; b < 4; b++)
          weights[(count * width + c) * 64 + at + b] = l->weights[((first + c) * l->step_count + t) * 4 + b];
      if ((t + 1) % per_row == 0) end = 0;
    }
  }
  swl_conv_args a = arguments(l, k, first, y, bias);
  a.steps = steps, a.step_count = count, a.weights = weights, a.channels = channels;
  swl_few_u8s8__avx512vnni(&a);
  free(bias), free(steps), free(weights);
}

/// The filters from `first` on, at most 64, their weights two to a byte.
static void nibbles_with(const layer *l, const kernels *k, int first, int channels, uint8_t *y) {
  int32_t *bias = room(sizeof(int32_t) * (size_t)(l->filters + 128)), *steps = room(sizeof(int32_t) * (size_t)(l->step_count + 1));
  uint8_t *weights = room((size_t)((l->step_count + 1) / 2 * 256));
  memcpy(steps, l->steps, sizeof(int32_t) * (size_t)l->step_count);
  for (int t = 0; t < l->step_count; t++)
    for (int c = 0; c < channels; c++)
      for (int b = 0; b < 4; b++)
        weights[t / 2 * 256 + 4 * c + b] |= (uint8_t)((l->weights[((first + c) * l->step_count + t) * 4 + b] & 15) << t % 2 * 4);
  swl_conv_args a = arguments(l, k, first, y, bias);
  a.steps = steps, a.step_count = (l->step_count + 1) / 2 * 2, a.weights = weights, a.channels = channels;
  swl_dense_u8s4__avx512vnni(&a);
  free(bias), free(steps), free(weights);
}

static void check_panels(int rounds) {
  const kernels *k = &tables[1];
  for (int round = 0; round < rounds; round++) {
    layer l = random_layer(true, PICK(30, 100, 100));
    const bool is_few = l.window_pixels > 1 || below(2);
    if (!is_few)
      for (int i = 0; i < l.filters * l.step_count * 4; i++) l.weights[i] = (int8_t)((l.weights[i] + 128) % 16 - 8);
    uint8_t *expected = room(output_bytes(&l) + 1), *actual = room(output_bytes(&l) + 1);
    actual[output_bytes(&l)] = 0xA5;
    plain(&l, expected);
    const int most = is_few ? 4 : 64;
    for (int first = 0; first < l.filters; first += most) {
      const int channels = l.filters - first < most ? l.filters - first : most;
      (is_few ? few_with : nibbles_with)(&l, k, first, channels, actual);
    }
    expect_equal(is_few ? "panel of few channels" : "dense panel of four bits", k, &l, expected, actual);
    if (actual[output_bytes(&l)] != 0xA5) printf("a panel wrote past the outputs\n"), exit(1);
    free(expected), free(actual);
    free_layer(&l);
  }
  printf("avx512vnni: %d random panels of few channels or four bits agree\n", rounds);
}
