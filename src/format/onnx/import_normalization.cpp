// Batch normalization, as it is; to_inference() folds it.
#include "format/onnx/import_ops.h"

namespace Atoll::format {

void import_batch_norm(Importer& to, const OnnxNode& node) {
  if (node.integer("training_mode", 0) != 0) node.reject("it is in training mode");
  if (node.integer("spatial", 1) != 1) node.reject("statistics for each pixel are not supported");
  Value v = to.real_input(node);
  if (to.held(v).rank() < 2) node.reject(fmt::format("its input is {}, but should have channels", to.meant(v).str()));
  if (v.flat) v = to.plain(node.outputs[0] + "/plain", v);
  if (v.order.back() != 1) {
    Order order = v.order;
    order.erase(order.begin() + held_axis(order, 1));
    order.push_back(1);
    v = to.arranged(node.outputs[0] + "/nhwc", v, to.held(v).rank() == 4 ? map_order() : order);
  }
  std::vector<TensorId> inputs = {v.id};
  for (std::size_t i = 1; i <= 4; ++i) {
    const OnnxTensor& values = to.needed(node, i);
    inputs.push_back(to.add_floats(values.name, values.shape, values.floats()));
  }
  to.set(node, BatchNorm{.epsilon = node.real("epsilon", 1e-5f), .momentum = node.real("momentum", 0.9f)},
         std::move(inputs), v.order);
}

}  // namespace Atoll::format
