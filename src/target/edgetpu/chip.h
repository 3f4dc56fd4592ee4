// Chip: one Edge TPU and the link it hangs on, as physical parameters. Every prediction follows from these
// numbers; a target file (.json) is exactly this struct, so a user can write another chip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace Atoll::edgetpu {

struct Compute {
  int tiles_y = 4, tiles_x = 4;  // the map is spread over tiles_y x tiles_x tiles
  int cells_per_tile = 64;       // output channels computed at once
  int lanes_per_cell = 4;        // input channels multiplied at once
  double clock_mhz = 500;
  double weight_bytes_per_cycle = 165;           // that a tile feeds to its cells; all of them at once want 256
  double conv_stall = 1.03;                      // real over ideal cycles of a convolution whose cells are all fed
  double depthwise_tap_cycles = 1;               // of one tap of lanes_per_cell channels of a depthwise convolution
  double depthwise_output_cycles = 4.5;          // more, for each output of lanes_per_cell channels: it leaves the cell
  double fully_connected_bytes_per_cycle = 256;  // cached weights are read so fast, all tiles together
  double elementwise_bytes_per_cycle = 128;      // read and written by ops that do not multiply
  double layer_overhead_us = 0.6;                // between two layers
};

struct Memory {
  std::int64_t narrow_bytes_per_tile = 192 * 1024;  // activations
  std::int64_t wide_bytes = 8 * 1024 * 1024;        // parameters
  std::int64_t line_bytes = 64;                     // the wide memory of a tile is read in lines
  // Of the wide memory of each tile, not for parameters: in a chain of layers, and where branches meet.
  std::int64_t scratch_bytes_per_tile = 17 * 1024;
  std::int64_t branch_scratch_bytes_per_tile = 48 * 1024;
  // The first compilers (2019 to 2020) gathered the map of a global pooling in the wide memory of every tile, with
  // this many vectors of its channels beside it; later ones do not.
  std::int64_t pooling_vectors = 0;
  std::int64_t class_table_bytes = 48;  // for each class of a softmax that is made of tables
};

struct Instructions {  // sent before every run
  double base_bytes = 1750;
  double input_map_bytes = 2450;  // more, where the input is a map that the tiles share out
  double bytes_per_layer = 1075;
  double odd_map_bytes = 1340;      // more, for a layer whose output is not a multiple of the tiles
  double row_bytes = 6.4;           // for each input of a fully connected layer
  double tap_bytes = 15;            // for each tap of a convolution's window
  double softmax_bytes = 5700;      // for a softmax
  double class_bytes = 125;         // for each of its classes where it is made of tables
  double pooled_value_bytes = 0.6;  // for each value that a global pooling reads
  double chunk_bytes = 46000;       // for each piece, from the third, of a layer that exceeds the narrow memory
  double odd_chunk_bytes = 31000;   // from the second, where the output is not a multiple of the tiles
};

struct Link {
  std::string name = "usb3";
  double fixed_ms = 0.28;              // of one invocation, host and chip together
  double parameters_mb_per_s = 412;    // weights, host to chip
  double instructions_mb_per_s = 412;  // sent before each run
  double input_mb_per_s = 304;
  double output_mb_per_s = 52;           // chip to host, and into the caller's layout
  double output_us_per_position = 0.07;  // of the output's map: the host copies it position by position
  double first_run_ms = 0.4;             // more, when the cache is filled
};

struct Host {  // runs what does not map
  double gmac_per_s = 4;
  double mb_per_s = 400;               // read and written by ops that do not multiply
  double detection_ns_per_value = 20;  // of TFLite_Detection_PostProcess, by value read
};

struct Energy {  // a model from the chip's published figures: 2 W at 4 TOPS, 0.5 W idle
  double pj_per_mac = 1.0;
  double pj_per_link_byte = 100;
  double idle_w = 0.5;
};

struct Interval {  // residuals of cross-validation, as shares of the prediction
  double low = 0.9, high = 1.12;
};

struct Chip {
  std::string name, description;
  Compute compute;
  Memory memory;
  Instructions instructions;
  Link link;
  Host host;
  Energy energy;
  Interval interval;  // 80 %
};

// "edgetpu-usb3", "edgetpu-usb2", "edgetpu-pcie", "edgetpu-devboard".
const std::vector<Chip>& known_chips();
// The links by their own names, for `--what-if link=usb2`. Throws Error with the names that exist.
const Link& known_link(const std::string& name);

Chip read_chip(const std::string& json, const std::string& path);  // missing fields: those of edgetpu-usb3
std::string write_chip(const Chip& chip);

}  // namespace Atoll::edgetpu
