#include "int8_common.h"

#if defined(__x86_64__)
#include "int8_depthwise_block_avx512vnni.h"

// Depthwise convolutions, 64 bytes of channels at a time: a block. Four taps of a block are interleaved by bytes so that
// vpdpbusd sums them; the unpacks leave channel 16 i + 4 v + j in element 4 i + j of vector v, and the packs that narrow
// the accumulators undo that. A block is 64 neighbouring channels, the last block overlapping the one before, or, of a
// layer of fewer channels, as many whole pixels as 64 bytes hold: windows that lie side by side are one stream of bytes.
//
// Weights are s8, [block][quad of taps][v][element][tap]; `steps` has the quads' taps; bias, mantissa and shift are
// [block][v][element]. Taps that fill up a quad repeat an offset, with zero weights.

enum {
  /// Windows of a run computed at a time from shared columns of taps.
  GROUP = 4,
  /// Runs and windows for which a block's multipliers are prepared once.
  RUNS = 16,
  CHUNK = 128,
};

/// Windows of one pixel each, every one `distance` bytes after the one before.
typedef struct {
  ptrdiff_t first, count, distance;
} swl_run;

// MARK: Any taps

/// How the bytes of a block lie in memory.
typedef struct {
  /// Which of the 64 bytes, or of the 128 of a spread block, may be read.
  __mmask64 lanes, next_lanes;
  /// The 16-bit words of a spread block, of every second pixel, among its 64.
  __m512i words;
} swl_source;

INLINE __m512i load_bytes(const bool is_partial, const bool is_spread, const swl_source *source, const uint8_t *x) {
  const __m512i first = is_partial ? _mm512_maskz_loadu_epi8(source->lanes, x) : _mm512_loadu_si512(x);
  if (!is_spread) return first;
  const __m512i next = is_partial ? _mm512_maskz_loadu_epi8(source->next_lanes, x + 64) : _mm512_loadu_si512(x + 64);
  return _mm512_permutex2var_epi16(first, source->words, next);
}

/// Accumulates the blocks at x + i * distance, i < G; only the source's lanes are read where `is_partial`.
INLINE void accumulate(
    const int G, const bool is_partial, const bool is_spread, const swl_source *source, const swl_conv_args *a,
    const swl_block *block, const uint8_t *x, ptrdiff_t distance, __m512i *acc) {
  UNROLL for (int i = 0; i < G * VECTORS; i++) acc[i] = block->bias[i % VECTORS];
  const __m512i *w = block->weights;
  const int32_t *step = a->steps;
  for (const int32_t *end = step + a->step_count; step != end; step += 4, w += VECTORS) {
    UNROLL for (int i = 0; i < G; i++) {
      const uint8_t *first = x + i * distance;
      __m512i taps[VECTORS];
      __m512i row[4];
      UNROLL for (int t = 0; t < 4; t++) row[t] = load_bytes(is_partial, is_spread, source, first + step[t]);
      interleave(row[0], row[1], row[2], row[3], taps);
      UNROLL for (int v = 0; v < VECTORS; v++)
        acc[i * VECTORS + v] = _mm512_dpbusd_epi32(acc[i * VECTORS + v], taps[v], w[v]);
    }
  }
}

/// `width` channels, at most 64, of one window of any number of pixels.
INLINE void any_window_block(
    const bool is_partial, ptrdiff_t width, const swl_conv_args *a, const swl_block *block, ptrdiff_t window,
    ptrdiff_t channel) {
  const swl_source source = {.lanes = first_lanes(width)};
  const int32_t *pixel = a->pixels + window * a->window_pixels;
  const uint8_t *x = a->x + channel;
  __m512i best[VECTORS], acc[VECTORS];
  UNROLL for (int v = 0; v < VECTORS; v++) best[v] = _mm512_set1_epi32(INT32_MIN);
  for (ptrdiff_t p = 0; p < a->window_pixels; p++) {
    accumulate(1, is_partial, false, &source, a, block, x + pixel[p], 0, acc);
    UNROLL for (int v = 0; v < VECTORS; v++) best[v] = _mm512_max_epi32(best[v], acc[v]);
  }
  uint8_t *y = (uint8_t *)a->y + window * a->y_stride + channel;
  const __m512i bytes = requantized(best, block);
  if (is_partial) _mm512_mask_storeu_epi8(y, source.lanes, bytes);
  else _mm512_storeu_si512(y, bytes);
}

// Out of line, for several loops call them.
static __attribute__((noinline)) ISA void window_block(
    const swl_conv_args *a, const swl_block *block, ptrdiff_t window, ptrdiff_t channel) {
  any_window_block(false, 64, a, block, window, channel);
}
static __attribute__((noinline)) ISA void partial_window_block(
    const swl_conv_args *a, const swl_block *block, ptrdiff_t window) {
  any_window_block(true, a->channels, a, block, window, 0);
}

// MARK: Columns of three taps

/// Whether the taps are three columns of three, and if so the bytes from a column to the next.
INLINE bool has_columns(const swl_conv_args *a, ptrdiff_t *distance) {
  const int32_t *s = a->steps;
  if (a->step_count != 12 || !a->requantization.high_half) return false;
  *distance = s[4] - s[0];
  for (int t = 0; t < 8; t++)
    if (s[t + 4] - s[t] != *distance) return false;
  return s[3] == s[2];
}

/// One block of GROUP windows or more, `stride` columns apart: each column is interleaved once for all its windows.
INLINE void columns_block(
    const int stride, const swl_conv_args *a, const swl_block *block, const swl_run *run, ptrdiff_t column_distance,
    ptrdiff_t channel) {
  const int kept = 3 - stride, made = GROUP * stride;
  __m512i column[GROUP * 2 + 1][VECTORS];
  const uint8_t *first_row = a->x + a->pixels[run->first] + channel + a->steps[0];
  const ptrdiff_t row1 = a->steps[1] - a->steps[0], row2 = a->steps[2] - a->steps[0];
  uint8_t *y = (uint8_t *)a->y + run->first * a->y_stride + channel;
  const __m512i *w = block->weights;
  for (ptrdiff_t done = 0; done < run->count; done += GROUP) {
    // The last group overlaps the one before.
    const bool is_cut = done + GROUP > run->count;
    if (is_cut) done = run->count - GROUP;
    const uint8_t *x = first_row + done * stride * column_distance;
    const bool keeps = done > 0 && !is_cut;
    if (!keeps) {
      UNROLL for (int c = 0; c < kept; c++) {
        const uint8_t *top = x + c * column_distance;
        interleave(
            _mm512_loadu_si512(top), _mm512_loadu_si512(top + row1), _mm512_loadu_si512(top + row2),
            _mm512_setzero_si512(), column[c]);
      }
    } else {
      UNROLL for (int c = 0; c < kept; c++) {
        UNROLL for (int v = 0; v < VECTORS; v++) column[c][v] = column[made + c][v];
      }
    }
    UNROLL for (int c = 0; c < made; c++) {
      const uint8_t *top = x + (kept + c) * column_distance;
      interleave(
          _mm512_loadu_si512(top), _mm512_loadu_si512(top + row1), _mm512_loadu_si512(top + row2),
          _mm512_setzero_si512(), column[kept + c]);
    }
    __m512i value[GROUP][VECTORS];
    UNROLL for (int v = 0; v < VECTORS; v++) {
      UNROLL for (int g = 0; g < GROUP; g++) {
        __m512i acc = _mm512_dpbusd_epi32(block->bias[v], column[g * stride][v], w[v]);
        acc = _mm512_dpbusd_epi32(acc, column[g * stride + 1][v], w[VECTORS + v]);
        acc = _mm512_dpbusd_epi32(acc, column[g * stride + 2][v], w[2 * VECTORS + v]);
        value[g][v] = scale_high_half(acc, &block->scale[v]);
      }
    }
    UNROLL for (int g = 0; g < GROUP; g++)
      _mm512_storeu_si512(y + (done + g) * a->y_stride, narrowed(value[g], block->q));
  }
}

// MARK: Layers

/// Finds the runs among windows `first` and up, at most `most` of them and about CHUNK windows; returns their number.
INLINE int find_runs(const swl_conv_args *a, ptrdiff_t first, int most, swl_run *runs) {
  int found = 0;
  for (ptrdiff_t total = 0; found < most && total < CHUNK && first < a->window_count; found++) {
    ptrdiff_t count = 1, distance = 0;
    if (first + 1 < a->window_count) distance = a->pixels[first + 1] - a->pixels[first];
    while (count < CHUNK && first + count < a->window_count &&
           a->pixels[first + count] - a->pixels[first + count - 1] == distance)
      count++;
    runs[found] = (swl_run){first, count, distance};
    total += count;
    first += count;
  }
  return found;
}

/// Layers of 64 channels or more.
static ISA void wide_layer(const swl_conv_args *a) {
  swl_run runs[RUNS];
  ptrdiff_t column_distance = 0;
  const bool columns = has_columns(a, &column_distance);
  for (ptrdiff_t first = 0; first < a->window_count;) {
    ptrdiff_t end = first + CHUNK < a->window_count ? first + CHUNK : a->window_count;
    int count = 0;
    if (columns && a->window_pixels == 1) {
      count = find_runs(a, first, RUNS, runs);
      end = runs[count - 1].first + runs[count - 1].count;
    }
    for (ptrdiff_t b = 0; 64 * b < a->channels; b++) {
      const ptrdiff_t channel = 64 * b + 64 <= a->channels ? 64 * b : a->channels - 64;
      swl_block block;
      load_block(a, b, &block);
      if (count == 0)
        for (ptrdiff_t i = first; i < end; i++) window_block(a, &block, i, channel);
      for (int r = 0; r < count; r++) {
        const swl_run *run = runs + r;
        if (run->count >= GROUP && run->distance == column_distance)
          columns_block(1, a, &block, run, column_distance, channel);
        else if (run->count >= GROUP && run->distance == 2 * column_distance)
          columns_block(2, a, &block, run, column_distance, channel);
        else
          for (ptrdiff_t i = 0; i < run->count; i++) window_block(a, &block, run->first + i, channel);
      }
    }
    first = end;
  }
}

/// The words of every second of as many pixels of `channels` bytes, an even number, as 64 bytes hold.
INLINE __m512i spread_words(ptrdiff_t channels) {
  uint16_t words[32];
  const ptrdiff_t width = channels / 2;
  for (ptrdiff_t i = 0; i < 32; i++) words[i] = (uint16_t)(i + i / width * width);
  return _mm512_loadu_si512(words);
}

/// The bytes of a run of windows that lie side by side or, spread, a pixel apart, two blocks at a time.
INLINE void stream(const bool is_spread, const swl_conv_args *a, const swl_block *block, const swl_run *run) {
  // A block's bytes past its whole pixels are garbage that the next block overwrites.
  const ptrdiff_t used = 64 / a->channels * a->channels, advance = is_spread ? 2 * used : used;
  const uint8_t *x = a->x + a->pixels[run->first];
  uint8_t *y = (uint8_t *)a->y + run->first * a->channels;
  ptrdiff_t rest = run->count * a->channels;
  swl_source source = {0};
  if (is_spread) source.words = spread_words(a->channels);
  __m512i acc[2 * VECTORS];
  // A spread block's 128 bytes end with a pixel between windows, which the last window may lack.
  const ptrdiff_t whole = used + 64 + (is_spread ? a->channels : 0);
  for (; rest >= whole; rest -= 2 * used, x += 2 * advance, y += 2 * used) {
    accumulate(2, false, is_spread, &source, a, block, x, advance, acc);
    const __m512i first = requantized(acc, block), second = requantized(acc + VECTORS, block);
    _mm512_storeu_si512(y, first);
    _mm512_storeu_si512(y + used, second);
  }
  for (; rest > 0; rest -= used, x += advance, y += used) {
    const ptrdiff_t width = rest < used ? rest : used, read = is_spread ? 2 * width - a->channels : width;
    source.lanes = first_lanes(read);
    source.next_lanes = read > 64 ? first_lanes(read - 64) : 0;
    accumulate(1, true, is_spread, &source, a, block, x, 0, acc);
    _mm512_mask_storeu_epi8(y, first_lanes(width), requantized(acc, block));
  }
}

/// Layers of fewer than 64 channels.
static ISA void narrow_layer(const swl_conv_args *a) {
  const ptrdiff_t channels = a->channels;
  swl_block block;
  load_block(a, 0, &block);
  for (ptrdiff_t first = 0; first < a->window_count;) {
    swl_run run = {first, 1, 0};
    if (a->window_pixels == 1) find_runs(a, first, 1, &run);
    if (run.distance == channels) {
      stream(false, a, &block, &run);
    } else if (run.distance == 2 * channels && channels <= 32 && channels % 2 == 0) {
      stream(true, a, &block, &run);
    } else {
      for (ptrdiff_t i = 0; i < run.count; i++) partial_window_block(a, &block, first + i);
    }
    first += run.count;
  }
}

ISA void swl_depthwise_u8s8__avx512vnni(const swl_depthwise_args *args) {
  if (args->conv.channels >= 64) wide_layer(&args->conv);
  else narrow_layer(&args->conv);
}
#endif
