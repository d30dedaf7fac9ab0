// The kernels of this instruction set, in the order of `swl_float_table`.
const swl_float_table *NAME(swl_float_table)(void) {
  static const swl_float_table table = {
      NAME(swl_igemm_f32), NAME(swl_convpool_f32), NAME(swl_winograd_filters_f32), NAME(swl_winograd_input_f32),
      NAME(swl_winograd_convpool_f32), NAME(swl_winograd_reach_f32), NAME(swl_outer_f32), NAME(swl_combine_f32),
      NAME(swl_depthwise_f32), NAME(swl_depthwise_input_f32), NAME(swl_depthwise_weight_f32), NAME(swl_adam_f32),
      NAME(swl_momentum_f32), NAME(swl_add_f32), NAME(swl_gate_f32), NAME(swl_spread_winners_f32),
      NAME(swl_winner_filters_f32), NAME(swl_pack_f32), NAME(swl_bytes_f32), NAME(swl_requantize_f32),
      NAME(swl_requantize_gradient_f32), NAME(swl_gate_add_f32), NAME(swl_pixels_to_integers_f32),
      NAME(swl_round_weights_f32), NAME(swl_round_gradient_f32),
      NAME(swl_fisher_f32), NAME(swl_mask_f32), NAME(swl_warp_row_u8), NAME(swl_elastic_row_f32)};
  return &table;
}
