#include "search/oneshot/proxy_supernet.h"

#include <algorithm>

#include "atoll/error.h"
#include "search/oneshot/batch_stream.h"
#include "search/oneshot/shared_weights.h"

namespace Atoll {
namespace {

// Values and gradients of one network on their way from and to the shared weights.
class SharedValues final : public ValueTransform {
 public:
  SharedValues(SharedWeights& shared, std::vector<SharedWeights::Slice> slices)
      : shared_(shared), slices_(std::move(slices)) {}

  void attach(const Graph&, const ValueLayout& layout) override {
    layout_ = layout;
    gradient_.assign(layout.trained, 0.0f);
  }
  void begin_step(std::uint64_t, std::span<float> values) override {
    for (const auto& slice : slices_) shared_.read(slice, part(values, slice));
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  }
  void apply(std::span<const float>, std::span<float>) const override {}
  void backward(std::span<float> gradients) override {
    for (std::size_t i = 0; i < gradient_.size(); ++i) gradient_[i] += gradients[i];
  }
  std::uint64_t fingerprint() const override { return 0; }  // the search keeps its own checkpoint

  void learn(double learning_rate, const OneShotOptions& options) {
    for (const auto& slice : slices_)
      shared_.update(slice, part(std::span<float>(gradient_), slice), learning_rate, options);
  }

 private:
  std::span<float> part(std::span<float> values, const SharedWeights::Slice& slice) const {
    return values.subspan(layout_.offset[static_cast<std::size_t>(slice.constant)],
                          static_cast<std::size_t>(slice.shape.elements()));
  }

  SharedWeights& shared_;
  std::vector<SharedWeights::Slice> slices_;
  ValueLayout layout_;
  std::vector<float> gradient_;
};

class ProxySupernet final : public Supernet {
 public:
  ProxySupernet(const Space& space, const ProxyData& pictures, const ProxyOptions& proxy, const OneShotOptions& options,
                std::uint64_t seed)
      : space_(space),
        proxy_(proxy),
        options_(options),
        seed_(seed),
        shared_(mix(seed, 1)),
        train_(pictures.train, loader_options(pictures.train, true)),
        judge_(pictures.validation, loader_options(pictures.validation, false)) {
    backend_options_ = proxy.schedule;
    backend_options_.batch = options.batch;
    backend_options_.label_smoothing = options.label_smoothing;
    backend_options_.optimizer = Optimizer::kSgd;  // its update is thrown away: the shared weights have their own
    backend_options_.momentum = backend_options_.weight_decay = backend_options_.ema_decay = 0;
  }

  std::int64_t batches_per_epoch() const override { return train_.batches_per_epoch(); }

  double train(const Genotype& genotype, int batches, double learning_rate) override {
    open(genotype);
    double loss = 0;
    for (int i = 0; i < batches; ++i) {
      const StepResult step = backend_->step(train_.next(), {.learning_rate = 0, .step = 0});
      if (!(step.loss < 1e30))
        fail("the supernet diverged: its loss is {} (learning rate {:.3g}); try a smaller learning rate", step.loss,
             learning_rate);
      values_->learn(learning_rate, options_);
      loss += step.loss / batches;
    }
    backend_.reset();  // its values are those of the step before the last
    return loss;
  }

  double judge(const Genotype& genotype, int batches) override {
    open(genotype);
    std::int64_t correct = 0;
    for (int i = 0; i < batches; ++i) correct += backend_->look(judge_.next()).correct;
    return static_cast<double>(correct) / (static_cast<double>(batches) * options_.batch);
  }

  double judge_finally(const Genotype& genotype, std::int64_t images) override {
    const std::int64_t all = judge_.batches_per_epoch();
    const std::int64_t batches = images <= 0 ? all : std::clamp<std::int64_t>(images / options_.batch, 1, all);
    const BatchStream::Place place = judge_.place();
    judge_.go_to({});
    const double share = judge(genotype, static_cast<int>(batches));
    judge_.go_to(place);
    return share;
  }

  std::vector<std::byte> state() const override {
    training::ByteWriter writer;
    writer.put(train_.place());
    writer.put(judge_.place());
    shared_.write(writer);
    return writer.take();
  }

  void restore(std::span<const std::byte> state) override {
    training::ByteReader reader(state);
    const auto train = reader.get<BatchStream::Place>(), judge = reader.get<BatchStream::Place>();
    if (std::min({train.epoch, train.batch, judge.epoch, judge.batch}) < 0 ||
        train.batch > train_.batches_per_epoch() || judge.batch > judge_.batches_per_epoch())
      fail("it stands outside of the images");
    shared_.restore(reader);
    if (!reader.at_end()) fail("bytes follow the shared weights");
    train_.go_to(train);
    judge_.go_to(judge);
    backend_.reset();
  }

 private:
  LoaderOptions loader_options(const std::shared_ptr<const Dataset>& data, bool training) const {
    if (data->size() < options_.batch)
      fail("a supernet needs {} images in a batch, but {} are all that it {}", options_.batch, data->size(),
           training ? "trains on" : "is judged on");
    const Graph graph = at_resolution(space_.build(Genotype(space_.decisions().size(), 0)), proxy_);
    const Shape& input = graph.input().shape;
    LoaderOptions loader{.h = static_cast<int>(input.h()),
                         .w = static_cast<int>(input.w()),
                         .c = static_cast<int>(input.c()),
                         .batch = options_.batch,
                         .shuffle = true,
                         .drop_last = true,
                         .preprocessing = proxy_.schedule.preprocessing,
                         .seed = mix(seed_, training ? 2 : 3),
                         .threads = proxy_.schedule.loader_threads};
    if (training) loader.augmentation = proxy_.schedule.augmentation;
    return loader;
  }

  // A back end with the present weights of the network, unless the last call left one.
  void open(const Genotype& genotype) {
    if (backend_ && genotype == opened_) return;
    backend_.reset();
    Graph graph = at_resolution(space_.build(genotype), proxy_);
    for (Node& node : graph.nodes)
      if (auto* dropout = std::get_if<Dropout>(&node.op)) dropout->rate = 0;  // shared weights are noise enough
    std::vector<SharedWeights::Slice> slices = shared_.slices(graph);
    std::vector<float> values;
    for (const auto& slice : slices) {
      values.resize(static_cast<std::size_t>(slice.shape.elements()));
      shared_.read(slice, values);
      graph.tensor(slice.constant).data = Data::of(values);
    }
    Rng unused(0);
    graph = initialize(graph, unused);  // the moving statistics, which nobody reads
    values_ = std::make_unique<SharedValues>(shared_, std::move(slices));
    backend_ = make_cpu_backend(graph, backend_options_, values_.get());
    opened_ = genotype;
  }

  const Space& space_;
  ProxyOptions proxy_;
  OneShotOptions options_;
  std::uint64_t seed_;
  SharedWeights shared_;
  BatchStream train_, judge_;
  TrainOptions backend_options_;
  std::unique_ptr<SharedValues> values_;
  std::unique_ptr<TrainBackend> backend_;  // of opened_; refers to values_
  Genotype opened_;
};

}  // namespace

std::unique_ptr<Supernet> make_proxy_supernet(const Space& space, const ProxyData& pictures, const ProxyOptions& proxy,
                                              const OneShotOptions& options, std::uint64_t seed) {
  return std::make_unique<ProxySupernet>(space, pictures, proxy, options, seed);
}

}  // namespace Atoll
