#include "target/edgetpu_data.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "atoll/builder.h"
#include "base/file.h"

namespace Atoll::edgetpu_data {
namespace {

using Json = nlohmann::json;

Shape shape_of(const Json& dims) {
  Shape shape;
  for (const Json& dim : dims) shape.push_back(std::max<std::int64_t>(1, dim.get<std::int64_t>()));
  return shape;
}

Op op_of(const Json& layer) {
  const std::string name = layer["op"];
  const auto pair = [&](const char* key) {
    return layer.contains(key) && layer[key].is_array() ? Size2D{layer[key][0], layer[key][1]} : Size2D{};
  };
  const Padding padding = layer.value("pad", "SAME") == "SAME" ? Padding::same() : Padding::valid();
  if (name == "CONV_2D") return Conv2D{pair("stride"), pair("dil"), padding};
  if (name == "DEPTHWISE_CONV_2D")
    return DepthwiseConv2D{pair("stride"), pair("dil"), padding, {}, layer.value("mult", 1)};
  if (name == "FULLY_CONNECTED") return FullyConnected{};
  if (name == "ADD") return Add{};
  if (name == "MUL") return Mul{};
  if (name == "SUB") return Sub{};
  if (name == "AVERAGE_POOL_2D") return AveragePool2D{pair("k"), pair("stride"), padding};
  if (name == "SOFTMAX") return Softmax{};
  if (name == "LOGISTIC") return Sigmoid{};
  if (name == "RELU6") return Relu6{};
  if (name == "QUANTIZE") return Quantize{};
  if (name == "DEQUANTIZE") return Dequantize{};
  if (name == "CONCATENATION") return Concatenation{};
  if (name == "RESHAPE") return Reshape{shape_of(layer["out"][0])};
  // The list gives ops that its own reader had no name for by their number in TFLite.
  if (name == "OP44") return Opaque{"UNIDIRECTIONAL_SEQUENCE_LSTM"};
  if (name == "OP69") return Opaque{"TILE"};
  if (name == "OP90") return Opaque{"FLOOR_DIV"};
  return Opaque{name};
}

bool is_elementwise(const Op& op) {
  return std::holds_alternative<Add>(op) || std::holds_alternative<Sub>(op) || std::holds_alternative<Mul>(op);
}

Deployed graph_of(const Json& model) {
  Graph graph;
  graph.name = model["model"];
  std::map<int, TensorId> by_id;
  const auto tensor = [&](int id, const Json& dims, DType type) {
    const auto [found, added] = by_id.try_emplace(id, kNoTensor);
    if (added)
      found->second = graph.add_tensor({.name = "t" + std::to_string(id), .shape = shape_of(dims), .dtype = type});
    return found->second;
  };
  const auto type_of = [](const std::string& name) {
    if (name == "i8") return DType::kInt8;
    if (name == "u8") return DType::kUInt8;
    if (name == "i32") return DType::kInt32;
    if (name == "i64") return DType::kInt64;
    return DType::kFloat32;
  };
  bool int8 = false;
  for (const Json& layer : model["layers"]) {
    const DType type = type_of(layer.value("dtype", "u8"));
    Node node{.name = "op" + std::to_string(graph.nodes.size()), .op = op_of(layer)};
    for (std::size_t i = 0; i < layer["in_ids"].size() && i < layer["in"].size(); ++i)
      node.inputs.push_back(tensor(layer["in_ids"][i], layer["in"][i], type));
    if (layer.contains("w")) {
      node.inputs.resize(1);
      const auto constant = [&](const char* name, Shape shape) {
        node.inputs.push_back(graph.add_tensor(
            {.name = node.name + name, .shape = std::move(shape), .dtype = DType::kInt8, .constant = true}));
      };
      constant("/w", shape_of(layer["w"]));
      if (layer.value("const_bytes", 0) > layer.value("w_bytes", 0)) constant("/bias", {layer["out"][0].back()});
      int8 = int8 || type == DType::kInt8;
    } else if (is_elementwise(node.op) && node.inputs.size() == 1 && layer.value("const_bytes", 0) > 0) {
      node.inputs.push_back(graph.add_tensor({.name = node.name + "/constant",
                                              .shape = {layer["const_bytes"].get<std::int64_t>()},
                                              .dtype = type,
                                              .constant = true}));
    }
    for (std::size_t i = 0; i < layer["out_ids"].size(); ++i)
      node.outputs.push_back(tensor(layer["out_ids"][i], layer["out"][i], type));
    graph.add_node(std::move(node));
  }
  const Uses uses = uses_of(graph);
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (graph.tensors[t].constant) continue;
    if (uses.producer[t] < 0)
      graph.inputs.push_back(static_cast<TensorId>(t));
    else if (uses.consumers[t].empty())
      graph.outputs.push_back(static_cast<TensorId>(t));
  }
  return {std::move(graph), false, int8};
}

Deployed as_integer(Graph graph, DType type) {
  for (Tensor& tensor : graph.tensors) tensor.dtype = type;
  return {std::move(graph), false, type == DType::kInt8};
}
Deployed as_uint8(Graph graph) { return as_integer(std::move(graph), DType::kUInt8); }

// "in 2x2x3 -> … out 64x64x3": the sizes in a row's own words.
std::vector<Size2D> sizes_in(const std::string& text) {
  std::vector<Size2D> sizes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int h = 0, w = 0, c = 0;
    if (std::isdigit(static_cast<unsigned char>(text[i])) && (i == 0 || text[i - 1] == ' ') &&
        std::sscanf(text.c_str() + i, "%dx%dx%d", &h, &w, &c) == 3)
      sizes.push_back({h, w});
  }
  return sizes;
}

TensorId pad_to(GraphBuilder& b, TensorId x, Size2D size) {
  const Shape from = b.shape(x);
  return b.node("pad", Pad{{0, 0, 0, 0}, {0, size.h - from.h(), size.w - from.w(), 0}}, {x});
}

TensorId strided(GraphBuilder& b, TensorId x, int channels) {
  const Shape s = b.shape(x);
  const TensorId w = b.constant({channels, 1, 1, s.c()}, "stride/w");
  return b.node("stride",
                Conv2D{.stride = {static_cast<int>(s.h()), static_cast<int>(s.w())}, .padding = Padding::valid()},
                {x, w});
}

// 7x7 convolutions on a map that comes from a small input and goes to a single value.
Graph usb_conv_stack(int filters, int layers) {
  GraphBuilder b("conv");
  TensorId x = pad_to(b, b.input({1, 2, 2, 3}), {128, 128});
  for (int i = 0; i < layers; ++i) x = b.conv2d(x, filters, 7, {.bias = true}, "conv" + std::to_string(i));
  return b.build({strided(b, x, 1)});
}

// Without biases: its compiled sizes have no room for any.
Graph sweep_conv_stack(int side, int in_channels, int filters, int layers) {
  GraphBuilder b("conv");
  TensorId x = b.input({1, side, side, in_channels});
  for (int i = 0; i < layers; ++i) x = b.conv2d(x, filters, 3, {}, "conv" + std::to_string(i));
  return b.build({x});
}

Graph dense_stack(int in, int units, int layers, int out) {
  GraphBuilder b("dense");
  TensorId x = b.input({1, in});
  for (int i = 0; i < layers; ++i) x = b.fully_connected(x, units, "fc" + std::to_string(i));
  return b.build({b.fully_connected(x, out, "out")});
}

// A column in MiB; nothing where it is empty.
std::optional<double> mebibytes(const std::map<std::string, std::string>& row, const char* column) {
  const std::string& text = row.at(column);
  if (text.empty()) return std::nullopt;
  return std::stod(text) * 1024 * 1024;
}

void usb_rows(const std::filesystem::path& path, const std::map<std::string, Deployed>& graphs,
              std::vector<Measurement>& rows) {
  for (const auto& row : read_csv(path)) {
    if (row.at("host_power_mode") != "10W" || row.at("device") == "cpu") continue;
    const std::string& sheet = row.at("sheet");
    const std::string& model = row.at("model");
    Measurement m =
        Measurement{sheet,
                    model,
                    row.at("device") == "edgetpu_usb3" ? "usb3" : "usb2",
                    {},
                    std::stod(row.at("time_ms")),
                    {mebibytes(row, "onchip_MiB"), mebibytes(row, "onchip_avail_MiB"), mebibytes(row, "offchip_MiB")},
                    true};
    const std::vector<Size2D> sizes = sizes_in(model);
    const auto number = [&](const char* column) { return std::stoi(row.at(column)); };
    if (sheet == "input_transfer" && !sizes.empty()) {
      GraphBuilder b("in");
      m.network = as_uint8(b.build({strided(b, b.input({1, sizes[0].h, sizes[0].w, 3}), 3)}));
    } else if (sheet == "output_transfer" && sizes.size() > 1) {
      GraphBuilder b("out");
      m.network = as_uint8(b.build({pad_to(b, b.input({1, 2, 2, 3}), sizes[1])}));
    } else if (sheet == "internal_tensor" && sizes.size() > 1) {
      GraphBuilder b("internal");
      m.network = as_uint8(b.build({strided(b, pad_to(b, b.input({1, 2, 2, 3}), sizes[1]), 3)}));
    } else if (sheet == "conv") {
      m.network = as_uint8(usb_conv_stack(number("units_or_filters"), number("layers")));
    } else if (sheet.starts_with("Ops_dense")) {
      m.network = as_uint8(dense_stack(12, number("units_or_filters"), number("layers"), 1));
    } else {
      const auto known = [&](const char* name) -> const Deployed* {
        const auto found = graphs.find(name);
        return found == graphs.end() ? nullptr : &found->second;
      };
      const Deployed* graph = nullptr;
      const std::string root = "iwatake2222/EdgeTPU_Analysis:";
      if (model.find("out 1000") != std::string::npos)
        graph = known((root + "InOut/model_mobilenet_v2/model_mobilenet_v2_w_fc_224x224x3.tflite").c_str());
      else if (model.find("7x7x1280") != std::string::npos)
        graph = known((root + "InOut/model_mobilenet_v2/model_mobilenet_v2_wo_fc_224x224x3.tflite").c_str());
      else if (model == "mobilenet_v2_1.0_224")
        graph = known((root + "Ops/model_mobilenet/mobilenet_v2_1.0_224_quant.tflite").c_str());
      else if (model == "coco_ssd_mobilenet_v1")
        graph = known((root + "Ops/model_mobilenet/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite").c_str());
      if (graph == nullptr) continue;
      m.family = "whole networks";
      m.network = *graph;
    }
    rows.push_back(std::move(m));
  }
}

void sweep_rows(const std::filesystem::path& path, std::vector<Measurement>& rows) {
  for (const auto& row : read_csv(path)) {
    const int width = std::stoi(row.at("filters_or_neurons")), layers = std::stoi(row.at("layers_L"));
    const int side = std::stoi(row.at("input_hw_or_dim")), last = std::stoi(row.at("in_ch_or_out_dim"));
    Measurement m = Measurement{row.at("kind") + " sweep",
                                row.at("kind") + " " + std::to_string(width),
                                "pcie",
                                {},
                                std::stod(row.at("time_ms")),
                                {mebibytes(row, "on_chip_MiB"), std::nullopt, mebibytes(row, "off_chip_MiB")}};
    m.network = as_integer(
        row.at("kind") == "CONV" ? sweep_conv_stack(side, last, width, layers) : dense_stack(side, width, layers, last),
        DType::kInt8);
    rows.push_back(std::move(m));
  }
}

}  // namespace

std::optional<std::filesystem::path> folder() {
  if (const char* data = std::getenv("ATOLL_DATA"))
    if (const auto path = std::filesystem::path(data) / "edgetpu"; std::filesystem::exists(path)) return path;
  const auto beside = std::filesystem::path(ATOLL_SOURCE_DIR).parent_path() / "shared/data/edgetpu";
  if (std::filesystem::exists(beside)) return beside;
  return std::nullopt;
}

std::map<std::string, Deployed> published_graphs(const std::filesystem::path& folder) {
  std::map<std::string, Deployed> graphs;
  std::istringstream lines(read_text(folder / "tflite_layers.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const Json model = Json::parse(line);
    graphs.emplace(model["model"].get<std::string>(), graph_of(model));
  }
  return graphs;
}

namespace {

// The model by itself: "cocompilation/a_cocompiled_with_b.tflite" was made from "a.tflite".
std::string alone(std::string model) {
  if (const auto with = model.find("_cocompiled_with_"); with != std::string::npos)
    model.replace(with, std::string::npos, ".tflite");
  constexpr std::string_view kFolder = "cocompilation/";
  if (const auto at = model.find(kFolder); at != std::string::npos) model.erase(at, kFolder.size());
  return model;
}

}  // namespace

std::vector<Executable> executables(const std::filesystem::path& folder) {
  std::vector<Executable> result;
  std::map<std::string, std::size_t> at;
  for (const auto& row : read_csv(folder / "darwinn_executables.csv")) {
    const auto number = [&](const char* column) { return row.at(column).empty() ? 0 : std::stoll(row.at(column)); };
    std::string model = row.at("repo") + ":" + row.at("path");
    const std::string key = model + "#" + row.at("pkg");
    if (const auto cut = model.rfind("_edgetpu.tflite"); cut != std::string::npos)
      model.replace(cut, std::string::npos, ".tflite");
    const auto [found, added] = at.try_emplace(key, result.size());
    if (added) result.push_back({alone(model), 0, 0, 0, 0, alone(model) != model});
    Executable& executable = result[found->second];
    // Compilers of 2021 on write for runtimes from 13, or are those that compiled google-coral/test_data anew.
    if (row.at("min_runtime") >= "13" || row.at("repo") == "google-coral/test_data") executable.first_compiler = false;
    if (row.at("type") == "PARAMETER_CACHING") {
      executable.cached_bytes += number("param_bytes");
    } else {
      executable.streamed_bytes += number("param_bytes");
      executable.instruction_bytes += number("instr_bytes");
      executable.compiler_cycles += number("est_cycles64");
    }
  }
  return result;
}

edgetpu::Chip for_first_compilers(edgetpu::Chip chip) {
  chip.memory.scratch_bytes_per_tile = chip.memory.branch_scratch_bytes_per_tile = 0;
  chip.memory.pooling_vectors = 7;
  chip.memory.class_table_bytes = 0;
  chip.instructions.class_bytes = chip.instructions.pooled_value_bytes = 0;
  return chip;
}

std::vector<Measurement> measurements(const std::filesystem::path& folder) {
  std::vector<Measurement> rows;
  usb_rows(folder / "iwatake_usb_microbench.csv", published_graphs(folder), rows);
  sweep_rows(folder / "conv_fc_sweeps.csv", rows);
  return rows;
}

std::vector<std::map<std::string, std::string>> read_csv(const std::filesystem::path& path) {
  std::vector<std::map<std::string, std::string>> rows;
  std::istringstream lines(read_text(path));
  std::vector<std::string> header;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        fields.emplace_back();
      else if (c != '\r')
        fields.back() += c;
    }
    if (header.empty()) {
      header = fields;
      continue;
    }
    std::map<std::string, std::string> row;
    for (std::size_t i = 0; i < header.size() && i < fields.size(); ++i) row[header[i]] = fields[i];
    if (fields.size() == header.size()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace Atoll::edgetpu_data
