// Fully connected layer: the matrix product's accumulators, then TFLite's double-precision scaling.
#include <cmath>
#include <cstring>

#include "atoll/threads.h"
#include "kernels/fast/int8/gemm_weights.h"
#include "kernels/fast/int8/int8.h"

namespace Atoll::int8 {
namespace {

class Layer {
 public:
  Layer(const FullyConnected& op, const NodeView& view, std::int64_t rows)
      : isa_(isa()),
        rows_(rows),
        depth_(view.in(1).shape[1]),
        outputs_(view.in(1).shape[0]),
        pitch_(round_up(depth_, 64)),
        operand_(view.in(0)),
        weights_(view.in(1), 0, outputs_, depth_),
        zero_point_(zero_point_of(view.out())),
        range_(activation_range(op.activation, view.out())) {
    const std::vector<std::int64_t> sums = weight_sums(view.in(1), outputs_, depth_);
    const std::vector<float> scales = channel_scales(view.in(1), outputs_);
    for (std::int64_t o = 0; o < outputs_; ++o) {
      const auto at = static_cast<std::size_t>(o);
      const std::int64_t own = view.has(2) ? view.in(2).data.as<std::int32_t>()[at] : 0;
      bias_.push_back(static_cast<std::int32_t>(own - operand_.zero * sums[at]));
      factors_.push_back(static_cast<double>(scale_of(view.in(0))) * static_cast<double>(scales[at]) /
                         static_cast<double>(scale_of(view.out())));
    }
  }

  std::int64_t blocks() const { return (outputs_ + kBlock - 1) / kBlock; }
  std::size_t operand_bytes() const { return static_cast<std::size_t>(rows_ * pitch_); }
  std::size_t raw_bytes() const { return static_cast<std::size_t>(rows_) * kBlock * sizeof(std::int32_t); }

  void copy_operand(const std::uint8_t* x, std::uint8_t* a) const {
    for (std::int64_t n = 0; n < rows_; ++n) {
      isa_.flip_copy(a + n * pitch_, x + n * depth_, depth_, operand_.flip);
      std::memset(a + n * pitch_ + depth_, 0, static_cast<std::size_t>(pitch_ - depth_));
    }
  }

  template <typename T>
  void run_block(std::int64_t block, const std::uint8_t* a, std::int32_t* raw, T* y) const {
    const std::int64_t first = block * kBlock, channels = std::min<std::int64_t>(kBlock, outputs_ - first);
    isa_.gemm({a,
               pitch_,
               static_cast<int>(rows_),
               static_cast<int>(weights_.quads()),
               static_cast<int>(channels),
               weights_.block(block),
               nullptr,
               {},
               nullptr,
               0,
               raw});
    for (std::int64_t n = 0; n < rows_; ++n)
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto o = static_cast<std::size_t>(first + c);
        const double real = static_cast<double>(wrapping_add(raw[n * kBlock + c], bias_[o])) * factors_[o];
        y[n * outputs_ + first + c] = static_cast<T>(std::clamp(
            std::round(real) + zero_point_, static_cast<double>(range_.low), static_cast<double>(range_.high)));
      }
  }

 private:
  const Isa& isa_;
  std::int64_t rows_, depth_, outputs_, pitch_;
  Operand operand_;
  GemmWeights weights_;
  std::vector<std::int32_t> bias_;
  std::vector<double> factors_;
  std::int32_t zero_point_;
  IntRange range_;
};

}  // namespace

std::optional<Kernel> fully_connected(const FullyConnected& op, const NodeView& view, ThreadPool& pool) {
  const Tensor& w = view.in(1);
  if (w.data.empty() || (view.has(2) && view.in(2).data.empty()) || view.out().elements() == 0) return std::nullopt;
  if (weight_zero(w) != 0 || w.shape[1] == 0) return std::nullopt;
  auto layer = std::make_shared<const Layer>(op, view, view.in(0).elements() / w.shape[1]);
  const auto operand = static_cast<std::size_t>(round_up(static_cast<std::int64_t>(layer->operand_bytes()), 64));
  const bool is_signed = view.out().dtype == DType::kInt8;
  return Kernel{[=, &pool](const Buffers& b) {
                  layer->copy_operand(b.in<std::uint8_t>(0), reinterpret_cast<std::uint8_t*>(b.scratch));
                  struct Job {
                    const Layer& layer;
                    const Buffers& buffers;
                    std::size_t operand;
                    bool is_signed;
                  } job{*layer, b, operand, is_signed};
                  pool.for_ranges(layer->blocks(), [&job](std::int64_t begin, std::int64_t end, int thread) {
                    const auto* a = reinterpret_cast<const std::uint8_t*>(job.buffers.scratch);
                    auto* raw = reinterpret_cast<std::int32_t*>(
                        job.buffers.scratch + job.operand + static_cast<std::size_t>(thread) * job.layer.raw_bytes());
                    for (std::int64_t block = begin; block < end; ++block)
                      if (job.is_signed)
                        job.layer.run_block(block, a, raw, job.buffers.out<std::int8_t>());
                      else
                        job.layer.run_block(block, a, raw, job.buffers.out<std::uint8_t>());
                  });
                },
                operand + layer->raw_bytes() * static_cast<std::size_t>(pool.size())};
}

}  // namespace Atoll::int8
