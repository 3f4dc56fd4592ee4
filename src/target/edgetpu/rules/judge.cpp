#include <fmt/format.h>

#include <algorithm>

#include "target/edgetpu/op_names.h"
#include "target/edgetpu/rules/rule.h"

namespace Atoll::edgetpu {

const Tensor* OpView::input(std::size_t i) const {
  if (i >= node_.inputs.size() || node_.inputs[i] == kNoTensor) return nullptr;
  return &graph_.tensor(node_.inputs[i]);
}

const Tensor* OpView::output(std::size_t i) const {
  return i < node_.outputs.size() ? &graph_.tensor(node_.outputs[i]) : nullptr;
}

const Tensor* OpView::activation() const {
  for (std::size_t i = 0; i < input_count(); ++i)
    if (const Tensor* tensor = input(i); tensor != nullptr && !tensor->constant) return tensor;
  return nullptr;
}

std::vector<const Tensor*> OpView::activations() const {
  std::vector<const Tensor*> result;
  for (std::size_t i = 0; i < input_count(); ++i)
    if (const Tensor* tensor = input(i); tensor != nullptr && !tensor->constant) result.push_back(tensor);
  for (const TensorId id : node_.outputs) result.push_back(&graph_.tensor(id));
  return result;
}

DType OpView::dtype(const Tensor& tensor) const {
  return float_source_ && (tensor.dtype == DType::kFloat32 || tensor.dtype == DType::kFloat16) ? DType::kInt8
                                                                                               : tensor.dtype;
}

std::vector<std::span<const OpRules>> all_op_rules() {
  return {convolution_rules(), elementwise_rules(), pooling_rules(), normalization_rules(), shape_rules()};
}

const OpRules* find_op_rules(std::string_view op) {
  for (const std::span<const OpRules> group : all_op_rules())
    for (const OpRules& rules : group)
      if (rules.op == op) return &rules;
  return nullptr;
}

namespace {

Judgement broken(const Rule& rule, const std::string& value) {
  return {rule.status, std::string(rule.name), fmt::format("{}; the limit: {}", value, rule.limit),
          std::string(rule.fix)};
}

// What to do about an op that the chip does not have.
std::string advice_for(const OpView& op, const std::string& name) {
  const auto* opaque = op.as<Opaque>();
  const std::string_view type = opaque != nullptr ? std::string_view(opaque->type) : std::string_view();
  for (const Unsupported& advice : unsupported_advice())
    if (advice.op == name || (type.starts_with("CUSTOM:") && type.ends_with(advice.op))) return std::string(advice.fix);
  return "replace it by ops of the supported list (docs/ops.md), or move it to the end of the network, where it costs "
         "no mapped op behind it";
}

Judgement not_supported(const OpView& op, const std::string& name) {
  const auto* opaque = op.as<Opaque>();
  const std::string what = opaque != nullptr && opaque->type.starts_with("CUSTOM:")
                               ? fmt::format("the custom op '{}'", opaque->type.substr(7))
                               : name;
  return {MapStatus::kNotSupported, "supported-op", fmt::format("{} is not among the ops that the chip has", what),
          advice_for(op, name)};
}

}  // namespace

// In the compiler's order: types, then the op and its version, then what the op and every op must keep.
Judgement judge(const OpView& op) {
  const std::string name = compiler_name(op.node().op);
  if (is_compiled(op.node().op)) return {};
  const OpRules* rules = find_op_rules(name);
  for (const Rule& rule : type_rules()) {
    const auto value = rule.violation(op);
    if (!value) continue;
    Judgement judgement = broken(rule, *value);
    if (rules == nullptr) judgement.fix = advice_for(op, name);
    return judgement;
  }
  if (rules == nullptr) return not_supported(op, name);
  if (op.node().version > rules->max_version)
    return {MapStatus::kVersionNotSupported, "op-version",
            fmt::format("{} has version {}; the limit: the compiler knows versions up to {}", name, op.node().version,
                        rules->max_version),
            "convert the model again with a TensorFlow release of 2021 or earlier, or without the option that needs "
            "the newer version"};
  for (const Rule& rule : rules->rules)
    if (const auto value = rule.violation(op)) return broken(rule, *value);
  for (const Rule& rule : shape_rules_of_all())
    if (const auto value = rule.violation(op)) return broken(rule, *value);
  return {};
}

std::string rules_page() {
  std::string page =
      "# What maps to the Edge TPU\n\n"
      "Printed by `atoll check --rules` from the table in `src/target/edgetpu/rules/`, which is what `atoll check` "
      "applies. An op that is not listed does not map.\n\n## Every op\n\n| rule | must hold | if not, the compiler "
      "says "
      "| what to do |\n|---|---|---|---|\n";
  for (const std::span<const Rule> rules : {type_rules(), shape_rules_of_all()})
    for (const Rule& rule : rules)
      page += fmt::format("| {} | {} | {} | {} |\n", rule.name, rule.limit, phrase_of(rule.status), rule.fix);
  page += "\n## Op by op\n\n| op | version up to | rule | must hold | what to do |\n|---|---|---|---|---|\n";
  for (const std::span<const OpRules> group : all_op_rules())
    for (const OpRules& op : group) {
      if (op.rules.empty()) page += fmt::format("| `{}` | {} | | as every op | |\n", op.op, op.max_version);
      for (const Rule& rule : op.rules)
        page += fmt::format("| `{}` | {} | {} | {} | {} |\n", op.op, op.max_version, rule.name, rule.limit, rule.fix);
    }
  page += "\n## Often met, and not supported\n\n| op | what to do |\n|---|---|\n";
  for (const Unsupported& op : unsupported_advice()) page += fmt::format("| `{}` | {} |\n", op.op, op.fix);
  return page;
}

}  // namespace Atoll::edgetpu
