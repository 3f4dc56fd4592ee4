// Dense and grouped convolution over oneDNN. Activations stay NHWC; the weights are laid out as oneDNN's
// fastest kernel wants them, once a step.
#include <memory>
#include <optional>

#include "atoll/error.h"
#include "train/cpu/dnnl_support.h"
#include "train/cpu/layers.h"

namespace Atoll::training::cpu {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

// The convolution in oneDNN's words. Weights [out, kh, kw, in / groups] of groups are [g, out / g, ...].
struct Description {
  memory::dims x, weights, y, stride, dilation, before, after, bias;
  Tag weights_tag;
};

Description describe(Size2D stride, Size2D dilation, const Padding& padding, int groups, bool channel_last,
                     const Shape& x, const Shape& w, const Shape& y) {
  const PadAmount pad = pad_amount(padding, {static_cast<int>(x.h()), static_cast<int>(x.w())},
                                   {static_cast<int>(w[1]), static_cast<int>(w[2])}, stride, dilation);
  Description d;
  d.x = {x.n(), x.c(), x.h(), x.w()};
  d.y = {y.n(), y.c(), y.h(), y.w()};
  if (channel_last) {  // depthwise: [1, kh, kw, groups * multiplier]
    d.weights = {groups, y.c() / groups, 1, w[1], w[2]};
    d.weights_tag = Tag::hwigo;
  } else if (groups > 1) {
    d.weights = {groups, y.c() / groups, w[3], w[1], w[2]};
    d.weights_tag = Tag::gohwi;
  } else {
    d.weights = {y.c(), w[3], w[1], w[2]};
    d.weights_tag = Tag::ohwi;
  }
  d.stride = {stride.h, stride.w};
  d.dilation = {dilation.h - 1, dilation.w - 1};
  d.before = {pad.top, pad.left};
  d.after = {pad.bottom, pad.right};
  d.bias = {y.c()};
  return d;
}

memory::desc plain(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

// Values in a layout of oneDNN's choice, and the way there and back; nothing where it is our own layout.
class Packed {
 public:
  Packed(const memory::desc& own, const memory::desc& wanted) : own_(own) {
    if (own == wanted) return;
    packed_ = memory(wanted, dnnl_engine());
    in_ = dnnl::reorder({dnnl_engine(), own, dnnl_engine(), wanted});
    out_ = dnnl::reorder({dnnl_engine(), wanted, dnnl_engine(), own});
  }
  // The memory to hand to a primitive; `own` holds the values where no other layout was wanted.
  memory take(float* own) const { return packed_ ? *packed_ : memory(own_, dnnl_engine(), own); }
  void fill(const float* own) {
    if (!packed_) return;
    memory from(own_, dnnl_engine(), const_cast<float*>(own));
    in_.execute(dnnl_stream(), from, *packed_);
  }
  void write_back(float* own) {
    if (!packed_) return;
    memory to(own_, dnnl_engine(), own);
    out_.execute(dnnl_stream(), *packed_, to);
  }

 private:
  memory::desc own_;
  std::optional<memory> packed_;
  dnnl::reorder in_, out_;
};

class Convolution final : public Layer {
 public:
  Convolution(const Description& d, const LayerSpec& spec, const LayerContext& context)
      : weights_at_(context.constant(spec.inputs[1])),
        has_bias_(spec.inputs.size() > 2 && spec.inputs[2] != kNoTensor),
        bias_at_(has_bias_ ? context.constant(spec.inputs[2]) : 0),
        x_md_(plain(d.x, Tag::nhwc)),
        y_md_(plain(d.y, Tag::nhwc)),
        bias_md_(plain(d.bias, Tag::x)) {
    using namespace dnnl;
    const engine& engine = dnnl_engine();
    const memory::desc own = plain(d.weights, d.weights_tag), any = plain(d.weights, Tag::any);
    const auto direct = algorithm::convolution_direct;
    const prop_kind kind = context.training ? prop_kind::forward_training : prop_kind::forward_inference;
    const convolution_forward::desc forward_desc =
        has_bias_ ? convolution_forward::desc(kind, direct, x_md_, any, bias_md_, y_md_, d.stride, d.dilation, d.before,
                                              d.after)
                  : convolution_forward::desc(kind, direct, x_md_, any, y_md_, d.stride, d.dilation, d.before, d.after);
    // oneDNN's own scratch memory belongs to the thread that makes a primitive, and another one runs it.
    primitive_attr attributes;
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    const convolution_forward::primitive_desc forward_pd(forward_desc, attributes, engine);
    forward_ = convolution_forward(forward_pd);
    forward_scratch_ = memory(forward_pd.scratchpad_desc(), engine);
    weights_.emplace(own, forward_pd.weights_desc());
    if (!context.training) return;

    const convolution_backward_data::primitive_desc data_pd(
        {direct, x_md_, any, y_md_, d.stride, d.dilation, d.before, d.after}, attributes, engine, forward_pd);
    data_ = convolution_backward_data(data_pd);
    data_scratch_ = memory(data_pd.scratchpad_desc(), engine);
    data_weights_.emplace(own, data_pd.weights_desc());
    const convolution_backward_weights::desc weights_desc =
        has_bias_
            ? convolution_backward_weights::desc(direct, x_md_, any, bias_md_, y_md_, d.stride, d.dilation, d.before,
                                                 d.after)
            : convolution_backward_weights::desc(direct, x_md_, any, y_md_, d.stride, d.dilation, d.before, d.after);
    const convolution_backward_weights::primitive_desc weights_pd(weights_desc, attributes, engine, forward_pd);
    gradient_ = convolution_backward_weights(weights_pd);
    gradient_scratch_ = memory(weights_pd.scratchpad_desc(), engine);
    weights_gradient_.emplace(own, weights_pd.diff_weights_desc());
  }

  void forward(const Pass& pass) override {
    weights_->fill(pass.constants + weights_at_);
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, wrap(x_md_, in[0].value)},
                                                 {DNNL_ARG_WEIGHTS, weights_->take(constant(pass, weights_at_))},
                                                 {DNNL_ARG_DST, wrap(y_md_, out.value)},
                                                 {DNNL_ARG_SCRATCHPAD, forward_scratch_}};
    if (has_bias_) arguments.emplace(DNNL_ARG_BIAS, wrap(bias_md_, constant(pass, bias_at_)));
    forward_.execute(dnnl_stream(), arguments);
  }

  void backward(const Pass& pass) override {
    const memory y_gradient = wrap(y_md_, out.gradient);
    float* own = pass.gradients + weights_at_;
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, wrap(x_md_, in[0].value)},
                                                 {DNNL_ARG_DIFF_DST, y_gradient},
                                                 {DNNL_ARG_DIFF_WEIGHTS, weights_gradient_->take(own)},
                                                 {DNNL_ARG_SCRATCHPAD, gradient_scratch_}};
    if (has_bias_) arguments.emplace(DNNL_ARG_DIFF_BIAS, wrap(bias_md_, pass.gradients + bias_at_));
    gradient_.execute(dnnl_stream(), arguments);
    weights_gradient_->write_back(own);
    if (!in[0].gradient) return;
    data_weights_->fill(pass.constants + weights_at_);
    data_.execute(dnnl_stream(), {{DNNL_ARG_DIFF_DST, y_gradient},
                                  {DNNL_ARG_WEIGHTS, data_weights_->take(constant(pass, weights_at_))},
                                  {DNNL_ARG_DIFF_SRC, wrap(x_md_, in[0].gradient)},
                                  {DNNL_ARG_SCRATCHPAD, data_scratch_}});
  }

  bool keeps_input(std::size_t i) const override { return i == 0; }

 private:
  static memory wrap(const memory::desc& md, float* data) { return memory(md, dnnl_engine(), data); }
  static float* constant(const Pass& pass, std::size_t at) { return const_cast<float*>(pass.constants + at); }

  std::size_t weights_at_;
  bool has_bias_;
  std::size_t bias_at_;
  memory::desc x_md_, y_md_, bias_md_;
  memory forward_scratch_, data_scratch_, gradient_scratch_;
  dnnl::convolution_forward forward_;
  dnnl::convolution_backward_data data_;
  dnnl::convolution_backward_weights gradient_;
  std::optional<Packed> weights_, data_weights_, weights_gradient_;
};

std::unique_ptr<Layer> make(const Description& description, const LayerSpec& spec, const LayerContext& context) {
  try {
    return std::make_unique<Convolution>(description, spec, context);
  } catch (const dnnl::error& error) {
    fail("{} '{}' on {}: oneDNN cannot train it ({})", name_of(spec.node->op), spec.node->name,
         context.shape(spec.inputs[0]).str(), error.what());
  }
}

}  // namespace

std::unique_ptr<Layer> make_convolution(const Conv2D& op, const LayerSpec& spec, const LayerContext& context) {
  return make(describe(op.stride, op.dilation, op.padding, op.groups, false, context.shape(spec.inputs[0]),
                       context.shape(spec.inputs[1]), context.shape(spec.output)),
              spec, context);
}

// A depthwise convolution with several outputs a channel.
std::unique_ptr<Layer> make_multiplied_depthwise(const DepthwiseConv2D& op, const LayerSpec& spec,
                                                 const LayerContext& context) {
  const Shape& x = context.shape(spec.inputs[0]);
  return make(describe(op.stride, op.dilation, op.padding, static_cast<int>(x.c()), true, x,
                       context.shape(spec.inputs[1]), context.shape(spec.output)),
              spec, context);
}

}  // namespace Atoll::training::cpu
