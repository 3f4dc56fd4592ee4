// The compiler's rules as a declared table: each says what must hold, which phrase the compiler prints when it
// does not, and what a person can do about it. docs/ops.md is printed from this table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "atoll/graph.h"
#include "atoll/target.h"

namespace Atoll::edgetpu {

// A node as the rules see it. A float network is judged as its int8 self.
class OpView {
 public:
  OpView(const Graph& graph, const Node& node, bool float_source)
      : graph_(graph), node_(node), float_source_(float_source) {}

  const Node& node() const { return node_; }
  std::size_t input_count() const { return node_.inputs.size(); }
  const Tensor* input(std::size_t i) const;  // nullptr: absent
  const Tensor* output(std::size_t i = 0) const;
  const Tensor* activation() const;                // the first input that is not a constant
  std::vector<const Tensor*> activations() const;  // non-constant inputs and outputs
  DType dtype(const Tensor& tensor) const;         // as deployed
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node_.op);
  }

 private:
  const Graph& graph_;
  const Node& node_;
  bool float_source_;
};

// The offending value as text, or nothing where the rule is kept.
using Violation = std::optional<std::string> (*)(const OpView&);

struct Rule {
  std::string_view name;   // "conv-dilation"
  std::string_view limit;  // what must hold: "dilation is the same in x and y"
  std::string_view fix;    // what a person can do
  MapStatus status;        // what the compiler says
  Violation violation;
};

struct OpRules {
  std::string_view op;      // the compiler's name
  int max_version;          // of the op that the compiler knows
  std::vector<Rule> rules;  // besides those of every op
};

// One function for each group of ops, each in a file of its own.
std::span<const OpRules> convolution_rules();
std::span<const OpRules> elementwise_rules();
std::span<const OpRules> pooling_rules();
std::span<const OpRules> shape_rules();
std::span<const OpRules> normalization_rules();

// Rules that every op must keep, of types (looked at first) and of shapes (last), and advice for ops that the chip
// does not have.
std::span<const Rule> type_rules();
std::span<const Rule> shape_rules_of_all();
struct Unsupported {
  std::string_view op, fix;
};
std::span<const Unsupported> unsupported_advice();

// Every group's table, in the order of the functions above.
std::vector<std::span<const OpRules>> all_op_rules();
const OpRules* find_op_rules(std::string_view op);

// What the compiler would say of one op by itself, before placement.
struct Judgement {
  MapStatus status = MapStatus::kMapped;
  std::string rule, reason, fix;
};
Judgement judge(const OpView& op);

// The table as a page of documentation (Markdown).
std::string rules_page();

}  // namespace Atoll::edgetpu
