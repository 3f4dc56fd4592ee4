// The fields of Chip by name: what reads, writes and fits target files all go through here, so that they cannot
// disagree.
#pragma once

#include <string>

#include "target/edgetpu/chip.h"

namespace Atoll::edgetpu {

// Visits (name, reference) of every number, so that reader and writer cannot disagree.
template <typename C, typename F>
void each_compute(C& c, F&& field) {
  field("tiles_y", c.tiles_y);
  field("tiles_x", c.tiles_x);
  field("cells_per_tile", c.cells_per_tile);
  field("lanes_per_cell", c.lanes_per_cell);
  field("clock_mhz", c.clock_mhz);
  field("weight_bytes_per_cycle", c.weight_bytes_per_cycle);
  field("conv_stall", c.conv_stall);
  field("depthwise_tap_cycles", c.depthwise_tap_cycles);
  field("depthwise_output_cycles", c.depthwise_output_cycles);
  field("fully_connected_bytes_per_cycle", c.fully_connected_bytes_per_cycle);
  field("elementwise_bytes_per_cycle", c.elementwise_bytes_per_cycle);
  field("layer_overhead_us", c.layer_overhead_us);
}
template <typename C, typename F>
void each_memory(C& m, F&& field) {
  field("narrow_bytes_per_tile", m.narrow_bytes_per_tile);
  field("wide_bytes", m.wide_bytes);
  field("line_bytes", m.line_bytes);
  field("scratch_bytes_per_tile", m.scratch_bytes_per_tile);
  field("branch_scratch_bytes_per_tile", m.branch_scratch_bytes_per_tile);
  field("pooling_vectors", m.pooling_vectors);
  field("class_table_bytes", m.class_table_bytes);
}
template <typename C, typename F>
void each_instructions(C& i, F&& field) {
  field("base_bytes", i.base_bytes);
  field("input_map_bytes", i.input_map_bytes);
  field("bytes_per_layer", i.bytes_per_layer);
  field("odd_map_bytes", i.odd_map_bytes);
  field("row_bytes", i.row_bytes);
  field("tap_bytes", i.tap_bytes);
  field("softmax_bytes", i.softmax_bytes);
  field("class_bytes", i.class_bytes);
  field("pooled_value_bytes", i.pooled_value_bytes);
  field("chunk_bytes", i.chunk_bytes);
  field("odd_chunk_bytes", i.odd_chunk_bytes);
}
template <typename C, typename F>
void each_link(C& l, F&& field) {
  field("fixed_ms", l.fixed_ms);
  field("parameters_mb_per_s", l.parameters_mb_per_s);
  field("instructions_mb_per_s", l.instructions_mb_per_s);
  field("input_mb_per_s", l.input_mb_per_s);
  field("output_mb_per_s", l.output_mb_per_s);
  field("output_us_per_position", l.output_us_per_position);
  field("first_run_ms", l.first_run_ms);
}
template <typename C, typename F>
void each_host(C& h, F&& field) {
  field("gmac_per_s", h.gmac_per_s);
  field("mb_per_s", h.mb_per_s);
  field("detection_ns_per_value", h.detection_ns_per_value);
}
template <typename C, typename F>
void each_energy(C& e, F&& field) {
  field("pj_per_mac", e.pj_per_mac);
  field("pj_per_link_byte", e.pj_per_link_byte);
  field("idle_w", e.idle_w);
}
template <typename C, typename F>
void each_interval(C& i, F&& field) {
  field("low", i.low);
  field("high", i.high);
}

// Visits (section, name, reference) of every number of a chip.
template <typename C, typename F>
void each_field(C& chip, F&& field) {
  const auto in = [&](const char* section) {
    return [&field, section](const char* name, auto& value) { field(section, name, value); };
  };
  each_compute(chip.compute, in("compute"));
  each_memory(chip.memory, in("memory"));
  each_instructions(chip.instructions, in("instructions"));
  each_link(chip.link, in("link"));
  each_host(chip.host, in("host"));
  each_energy(chip.energy, in("energy"));
  each_interval(chip.interval, in("interval"));
}

// By its dotted name, "link.fixed_ms". Throws Error naming the fields that exist.
double get_field(const Chip& chip, const std::string& name);
void set_field(Chip& chip, const std::string& name, double value);

}  // namespace Atoll::edgetpu
