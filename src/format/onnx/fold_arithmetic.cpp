#include "format/onnx/fold_arithmetic.h"

#include <algorithm>
#include <limits>

#include "format/limits.h"

namespace Atoll::format {
namespace {

Shape broadcast(const OnnxNode& node, const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const std::int64_t m = a[a.rank() - i], n = b[b.rank() - i];
    if (m != n && m != 1 && n != 1) node.reject(a.str() + " and " + b.str() + " do not broadcast");
    out[out.rank() - i] = m == 1 ? n : m;
  }
  return out;
}

// For each value of `out` the index of the value of `x` that is used for it.
std::vector<std::size_t> sources(const Shape& out, const Shape& x) {
  std::vector<std::size_t> index(static_cast<std::size_t>(out.elements()));
  for (std::size_t i = 0; i < index.size(); ++i) {
    std::size_t rest = i, stride = 1;
    for (int k = 1; k <= x.rank(); ++k) {
      const auto size = static_cast<std::size_t>(out[out.rank() - k]);
      if (x[x.rank() - k] != 1) index[i] += rest % size * stride;
      stride *= static_cast<std::size_t>(x[x.rank() - k]);
      rest /= size;
    }
  }
  return index;
}

float compute(const OnnxNode& node, float a, float b) {
  return node.type == "Add" ? a + b : node.type == "Sub" ? a - b : node.type == "Mul" ? a * b : a / b;
}

std::int64_t compute(const OnnxNode& node, std::int64_t a, std::int64_t b) {
  if (node.type == "Div") {
    if (b == 0 || (a == std::numeric_limits<std::int64_t>::min() && b == -1))
      node.reject(fmt::format("{} is divided by {}", a, b));
    return a / b;
  }
  std::int64_t result = 0;
  const bool overflows = node.type == "Add"   ? __builtin_add_overflow(a, b, &result)
                         : node.type == "Sub" ? __builtin_sub_overflow(a, b, &result)
                                              : __builtin_mul_overflow(a, b, &result);
  if (overflows) node.reject(fmt::format("{} and {} overflow", a, b));
  return result;
}

template <typename T>
OnnxTensor computed(const OnnxNode& node, const Shape& shape, const OnnxTensor& a, const std::vector<T>& x,
                    const OnnxTensor& b, const std::vector<T>& y) {
  const std::vector<std::size_t> from_a = sources(shape, a.shape), from_b = sources(shape, b.shape);
  std::vector<T> values(from_a.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = compute(node, x[from_a[i]], y[from_b[i]]);
  return OnnxTensor::of(node.outputs[0], shape, values);
}

}  // namespace

OnnxTensor fold_arithmetic(const OnnxNode& node, const OnnxTensor& a, const OnnxTensor& b, Budget& budget) {
  const Shape shape = broadcast(node, a.shape, b.shape);
  check_shape(shape, node.outputs[0]);
  budget.charge(static_cast<std::uint64_t>(shape.elements()) * 3 * sizeof(std::int64_t));
  if (a.is_real() != b.is_real()) node.reject("one operand is real and the other one an integer");
  if (a.is_real()) return computed(node, shape, a, a.floats(), b, b.floats());
  return computed(node, shape, a, a.integers(), b, b.integers());
}

}  // namespace Atoll::format
