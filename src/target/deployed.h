// The network as the accelerator gets it. A float graph (training form or not) becomes its inference form in
// .tflite's ops and is judged as the int8 network it will be: one byte per activation and per weight. An
// integer graph is taken as it is.
#pragma once

#include "atoll/graph.h"

namespace Atoll {

struct Deployed {
  Graph graph;
  bool float_source = false;  // judged as its int8 self
  bool int8 = true;           // weights have one scale per channel (a float graph will); otherwise uint8
};
Deployed deployed(const Graph& graph);

}  // namespace Atoll
