// Tensor: a named, typed, statically shaped array in a Graph, with quantization parameters and, for a
// constant, its bytes. Activations are NHWC; weights are laid out as TFLite lays them out:
// Conv2D [out, kh, kw, in/groups], DepthwiseConv2D [1, kh, kw, channels], FullyConnected [out, in].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace Atoll {

enum class DType : std::uint8_t { kFloat32, kFloat16, kInt8, kUInt8, kInt16, kInt32, kInt64, kBool };

std::size_t size_of(DType type);       // bytes of one element
std::string_view name_of(DType type);  // "float32", "int8", ...

// Up to eight dimensions, held in place; -1 where a file leaves one to run time (graph/dynamic_shape.h).
class Shape {
 public:
  static constexpr int kMaxRank = 8;
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const { return rank_; }
  std::int64_t operator[](int i) const { return dims_[i]; }
  std::int64_t& operator[](int i) { return dims_[i]; }
  std::int64_t back() const { return dims_[rank_ - 1]; }
  const std::int64_t* begin() const { return dims_.data(); }
  const std::int64_t* end() const { return dims_.data() + rank_; }
  std::int64_t elements() const;  // product of the dimensions; 1 for a scalar
  void push_back(std::int64_t dim);
  bool operator==(const Shape& other) const;
  std::string str() const;  // "[1, 224, 224, 3]"

  // NHWC names, for rank 4.
  std::int64_t n() const { return dims_[0]; }
  std::int64_t h() const { return dims_[1]; }
  std::int64_t w() const { return dims_[2]; }
  std::int64_t c() const { return dims_[3]; }

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// real = scale * (q - zero_point). One scale: per tensor; more: one for each index along `axis`.
// No scale: not quantized. Source: TFLite's 8-bit quantization specification.
struct Quantization {
  std::vector<float> scale;
  std::vector<std::int32_t> zero_point;
  int axis = 0;

  bool empty() const { return scale.empty(); }
  bool per_channel() const { return scale.size() > 1; }
  bool operator==(const Quantization&) const = default;
};

// Immutable bytes of a constant, shared by every Graph that holds them; copying a Graph copies none.
class Data {
 public:
  Data() = default;
  explicit Data(std::vector<std::byte> bytes)
      : bytes_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))) {}

  template <typename T>
  static Data of(std::span<const T> values) {
    std::vector<std::byte> bytes(values.size_bytes());
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return Data(std::move(bytes));
  }
  template <typename T>
  static Data of(const std::vector<T>& values) {
    return of(std::span<const T>(values));
  }

  bool empty() const { return bytes_ == nullptr; }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  std::span<const std::byte> bytes() const {
    return bytes_ ? std::span<const std::byte>(*bytes_) : std::span<const std::byte>();
  }
  template <typename T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes().data()), size() / sizeof(T)};
  }

 private:
  std::shared_ptr<const std::vector<std::byte>> bytes_;
};

using TensorId = std::int32_t;             // index into Graph::tensors
inline constexpr TensorId kNoTensor = -1;  // an optional input that is absent

struct Tensor {
  std::string name;
  Shape shape;
  DType dtype = DType::kFloat32;
  Quantization quantization;
  bool constant = false;
  Data data;  // a constant of a network that has no weights yet has none

  std::int64_t elements() const { return shape.elements(); }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_of(dtype); }
};

}  // namespace Atoll
