// The kernels for panels of few output channels and for dense panels of four bits against the plain loop; a part of
// check-kernels.c, which includes it after its own checks.
#pragma once

/// The filters from `first` on, at most four, as steps of 64 inputs: a run is a row of the window, or less by a random cut.
static void narrow_with(const layer *l, const kernels *k, int first, int channels, uint8_t *y) {
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
  k->table.narrow.run(&a);
  free(bias), free(steps), free(weights);
}

/// The filters from `first` on, at most 64, their weights two to a byte.
static void four_bit_with(const layer *l, const kernels *k, int first, int channels, uint8_t *y) {
  int32_t *bias = room(sizeof(int32_t) * (size_t)(l->filters + 128)), *steps = room(sizeof(int32_t) * (size_t)(l->step_count + 1));
  uint8_t *weights = room((size_t)((l->step_count + 1) / 2 * 256));
  memcpy(steps, l->steps, sizeof(int32_t) * (size_t)l->step_count);
  for (int t = 0; t < l->step_count; t++)
    for (int c = 0; c < channels; c++)
      for (int b = 0; b < 4; b++)
        weights[t / 2 * 256 + 4 * c + b] |= (uint8_t)((l->weights[((first + c) * l->step_count + t) * 4 + b] & 15) << t % 2 * 4);
  swl_conv_args a = arguments(l, k, first, y, bias);
  a.steps = steps, a.step_count = (l->step_count + 1) / 2 * 2, a.weights = weights, a.channels = channels;
  k->table.four_bit.run(&a);
  free(bias), free(steps), free(weights);
}

static void check_panels(const kernels *k, int rounds, bool is_narrow) {
  for (int round = 0; round < rounds; round++) {
    layer l = random_layer(is_narrow, PICK(30, 100, 100));
    if (!is_narrow)
      for (int i = 0; i < l.filters * l.step_count * 4; i++) l.weights[i] = (int8_t)((l.weights[i] + 128) % 16 - 8);
    uint8_t *expected = room(output_bytes(&l) + 1), *actual = room(output_bytes(&l) + 1);
    actual[output_bytes(&l)] = 0xA5;
    plain(&l, expected);
    const int most = is_narrow ? 4 : 64;
    for (int first = 0; first < l.filters; first += most) {
      const int channels = l.filters - first < most ? l.filters - first : most;
      (is_narrow ? narrow_with : four_bit_with)(&l, k, first, channels, actual);
    }
    expect_equal(is_narrow ? "panel of few channels" : "dense panel of four bits", k, &l, expected, actual);
    if (actual[output_bytes(&l)] != 0xA5) printf("a panel wrote past the outputs\n"), exit(1);
    free(expected), free(actual);
    free_layer(&l);
  }
  printf("%s: %d random panels of %s agree\n", k->name, rounds, is_narrow ? "few channels" : "four bits");
}
