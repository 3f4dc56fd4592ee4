#include "runtime/onnx_oracle.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "atoll/error.h"
#include "atoll/runtime.h"
#include "base/file.h"

namespace Atoll::onnx {
namespace {

namespace fs = std::filesystem;

constexpr int kMissing = 77;

// Values of `shape` in the other order of dimensions.
std::vector<std::byte> permuted(const NpyArray& array, const std::vector<int>& order, const Shape& to) {
  const std::size_t size = size_of(array.dtype);
  std::vector<std::byte> result(array.bytes.size());
  std::array<std::int64_t, 4> at{};
  for (std::size_t i = 0; i * size < result.size(); ++i) {
    std::size_t rest = i;
    for (int d = 3; d >= 0; --d) {
      at[static_cast<std::size_t>(order[static_cast<std::size_t>(d)])] =
          static_cast<std::int64_t>(rest % static_cast<std::size_t>(to[d]));
      rest /= static_cast<std::size_t>(to[d]);
    }
    std::int64_t from = 0;
    for (int d = 0; d < 4; ++d) from = from * array.shape[d] + at[static_cast<std::size_t>(d)];
    std::memcpy(result.data() + i * size, array.bytes.data() + static_cast<std::size_t>(from) * size, size);
  }
  return result;
}

Shape channels_last(const Shape& s) { return {s[0], s[2], s[3], s[1]}; }

}  // namespace

std::string Oracle::python() {
  const char* named = std::getenv("ATOLL_LITERT_PYTHON");
  return named ? named : "";
}

int Oracle::call(const std::string& python, const std::string& script) {
  const fs::path report = folder_ / "report.txt";
  const std::string command = fmt::format("'{}' '{}/tests/runtime/onnx/{}' '{}' > '{}' 2>&1", python, ATOLL_SOURCE_DIR,
                                          script, folder_.str(), report.string());
  const int code = WEXITSTATUS(std::system(command.c_str()));
  (code == kMissing ? reason_ : failures_) = code == 0 ? "" : read_text(report);
  return code;
}

bool Oracle::make(const std::string& script, const std::string& python) {
  const int code = call(python, script);
  if (code != 0 && code != kMissing) reason_ = script + " failed: " + failures_;
  return code == 0;
}

bool Oracle::run() {
  if (python().empty()) {
    reason_ = "ATOLL_LITERT_PYTHON names no Python";
    return false;
  }
  if (call(python(), "oracle.py") == kMissing) return false;
  std::vector<fs::path> models;
  for (const auto& entry : fs::directory_iterator(folder_.path()))
    if (entry.path().extension() == ".onnx") models.push_back(entry.path());
  std::sort(models.begin(), models.end());
  for (const fs::path& path : models) {
    const fs::path base = path.parent_path() / path.stem();
    if (!fs::exists(base.string() + ".out.npy")) continue;  // among the failures
    const auto array = [&](const std::string& what) { return read_npy(fs::path(base.string() + what)); };
    std::vector<NpyArray> inputs;
    for (std::string next = ".in0.npy"; fs::exists(base.string() + next);
         next = fmt::format(".in{}.npy", inputs.size()))
      inputs.push_back(array(next));
    cases_.push_back({path, std::move(inputs), array(".out.npy"), array(".plain.npy")});
  }
  return true;
}

bool Oracle::has_onnxruntime() const { return read_text(folder_ / "engine.txt") == "onnxruntime"; }

NpyArray run(const Graph& graph, const std::vector<NpyArray>& inputs, const Shape& expected, bool fast) {
  Session session(graph, {.kernels = fast ? Kernels::kFast : Kernels::kReference});
  if (inputs.size() != graph.inputs.size())
    fail("'{}' has {} inputs, but got {}", graph.name, graph.inputs.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& in = graph.input(i);
    const NpyArray& given = inputs[i];
    if (in.dtype != given.dtype || in.elements() != given.shape.elements())
      fail("'{}' takes {} {}, but got {} {}", graph.name, name_of(in.dtype), in.shape.str(), name_of(given.dtype),
           given.shape.str());
    const bool turn = in.shape.rank() == 4 && in.shape == channels_last(given.shape);
    const std::vector<std::byte> bytes = turn ? permuted(given, {0, 2, 3, 1}, in.shape) : given.bytes;
    std::copy(bytes.begin(), bytes.end(), session.input(i).begin());
  }
  session.run();
  const Tensor& out = graph.output();
  NpyArray result{out.dtype, out.shape, {session.output().begin(), session.output().end()}};
  if (out.shape.rank() == 4 && expected.rank() == 4 && out.shape == channels_last(expected)) {
    result.bytes = permuted(result, {0, 3, 1, 2}, expected);
    result.shape = expected;
  }
  return result;
}

std::string Difference::text() const {
  return fmt::format("at most {:.3g} apart, {:.2g} of the largest; {:.3f} % equal, {:.3f} % within 1", distance,
                     largest, equal * 100, near * 100);
}

Difference difference(const NpyArray& found, const NpyArray& expected) {
  if (found.dtype != expected.dtype || !(found.shape == expected.shape))
    fail("found {} {} instead of {} {}", name_of(found.dtype), found.shape.str(), name_of(expected.dtype),
         expected.shape.str());
  Difference result;
  const auto count = static_cast<double>(found.shape.elements());
  const auto compare = [&]<typename T>(T) {
    double most = 0, scale = 1e-12;
    for (std::size_t i = 0; i < found.bytes.size() / sizeof(T); ++i) {
      T a, b;
      std::memcpy(&a, found.bytes.data() + i * sizeof(T), sizeof(T));
      std::memcpy(&b, expected.bytes.data() + i * sizeof(T), sizeof(T));
      const double gap = std::abs(static_cast<double>(a) - static_cast<double>(b));
      most = gap <= most ? most : gap;  // NaN stays
      scale = std::max(scale, std::abs(static_cast<double>(b)));
      result.equal += gap == 0;
      result.near += gap <= 1;
    }
    result.largest = most / scale;
    result.distance = most;
  };
  if (found.dtype == DType::kFloat32) compare(float{});
  if (found.dtype == DType::kInt8) compare(std::int8_t{});
  if (found.dtype == DType::kUInt8) compare(std::uint8_t{});
  result.equal /= count;
  result.near /= count;
  return result;
}

Graph random_int8(const Graph& network) {
  Graph graph = with_random_weights(network, 1, true);
  for (const Node& node : graph.nodes) {
    Quantization& q = graph.tensor(node.outputs[0]).quantization;
    if (std::holds_alternative<Softmax>(node.op) || std::holds_alternative<Sigmoid>(node.op))
      q = {.scale = {1.0f / 256}, .zero_point = {-128}};
    if (std::holds_alternative<Tanh>(node.op)) q = {.scale = {1.0f / 128}, .zero_point = {0}};
  }
  return graph;
}

int count_transposes(const Graph& graph) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [](const Node& node) { return std::holds_alternative<Transpose>(node.op); }));
}

}  // namespace Atoll::onnx
