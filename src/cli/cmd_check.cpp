#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "atoll/error.h"
#include "atoll/fix.h"
#include "atoll/model.h"
#include "atoll/pipeline.h"
#include "atoll/target.h"
#include "base/log.h"
#include "cli/commands.h"

namespace Atoll::cli {
namespace {

struct CheckFlags {
  ModelArgument model;
  std::vector<std::string> models;
  std::string output;
  int segments = 0;
  bool fix = false;
  std::string activations;
  std::string target = "edgetpu-usb3";
  bool multiple_subgraphs = false, rules = false, show_operations = true;
};

CompilerFiles files_of(const std::string& model) {
  CompilerFiles files;
  const std::filesystem::path path(model);
  files.input = path.filename().string();
  const std::string stem = path.extension() == ".tflite" ? path.stem().string() : path.filename().string();
  files.output = stem + "_edgetpu.tflite";
  files.log = stem + "_edgetpu.log";
  std::error_code ignored;
  if (path.extension() == ".tflite")
    files.input_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, ignored));
  return files;
}

// By op and status, as the compiler's table; reason and fix of the first of them.
nlohmann::json ops_json(const CheckReport& report) {
  nlohmann::json ops = nlohmann::json::array();
  for (const OpVerdict& verdict : report.ops) {
    bool counted = false;
    for (nlohmann::json& row : ops)
      if (row["op"] == verdict.op && row["status"] == phrase_of(verdict.status) && row["rule"] == verdict.rule) {
        row["count"] = row["count"].get<int>() + 1;
        row["names"].push_back(verdict.name);
        counted = true;
        break;
      }
    if (counted) continue;
    ops.push_back({{"op", verdict.op},
                   {"count", 1},
                   {"status", phrase_of(verdict.status)},
                   {"rule", verdict.rule},
                   {"reason", verdict.reason},
                   {"fix", verdict.fix},
                   {"names", {verdict.name}}});
  }
  return ops;
}

// For every op that does not map: the rule, the value and the limit, and what to do. What many ops have in common
// is said once.
std::string explanations(const CheckReport& report) {
  struct Group {
    const OpVerdict* first;
    std::vector<const OpVerdict*> ops;
  };
  std::vector<Group> groups;
  for (const OpVerdict& verdict : report.ops) {
    if (verdict.status == MapStatus::kMapped) continue;
    const auto same = [&](const Group& group) {
      return group.first->op == verdict.op && group.first->rule == verdict.rule && group.first->fix == verdict.fix;
    };
    const auto found = std::find_if(groups.begin(), groups.end(), same);
    if (found == groups.end())
      groups.push_back({&verdict, {&verdict}});
    else
      found->ops.push_back(&verdict);
  }
  std::string text;
  for (const Group& group : groups) {
    text += group.ops.size() == 1 ? fmt::format("\n{}\n", group.first->op)
                                  : fmt::format("\n{} ({} operations)\n", group.first->op, group.ops.size());
    text += fmt::format("  rule: {}\n", group.first->rule);
    const std::string* last = nullptr;
    for (const OpVerdict* verdict : group.ops) {
      if (last == nullptr || *last != verdict->reason) text += fmt::format("  why:  {}\n", verdict->reason);
      last = &verdict->reason;
      text += fmt::format("        at operation {}, '{}'\n", verdict->node, verdict->name);
    }
    text += fmt::format("  fix:  {}\n", group.first->fix);
  }
  return text;
}

nlohmann::json segments_json(const std::vector<Segment>& segments) {
  nlohmann::json list = nlohmann::json::array();
  for (const Segment& s : segments)
    list.push_back({{"first_node", s.first_node},
                    {"last_node", s.last_node},
                    {"ms", s.ms},
                    {"onchip_bytes", s.onchip_bytes},
                    {"offchip_bytes", s.offchip_bytes}});
  return list;
}

std::string segments_text(const std::vector<Segment>& segments, const CheckReport& report) {
  std::string text = "\n";
  for (std::size_t i = 0; i < segments.size(); ++i)
    text += fmt::format(
        "segment {} of {}: operations {} to {} ('{}' to '{}'), {:.2f} ms, caches {}, streams {} in every inference\n",
        i + 1, segments.size(), segments[i].first_node, segments[i].last_node,
        report.ops[static_cast<std::size_t>(segments[i].first_node)].name,
        report.ops[static_cast<std::size_t>(segments[i].last_node)].name, segments[i].ms,
        compiler_size(segments[i].onchip_bytes), compiler_size(segments[i].offchip_bytes));
  const auto slowest = std::max_element(segments.begin(), segments.end(),
                                        [](const Segment& a, const Segment& b) { return a.ms < b.ms; });
  text += fmt::format("the pipeline gives an answer every {:.2f} ms\n", slowest->ms);
  return text;
}

Fixed fix(const CheckFlags& flags, const Graph& graph) {
  FixOptions options;
  if (!flags.activations.empty())
    options.activations = flags.activations == "relu6" ? Activation::kRelu6 : Activation::kRelu;
  Fixed fixed = fixed_for_edgetpu(graph, options);
  for (const std::string& change : fixed.done) say("fixed: {}", change);
  for (const std::string& reason : fixed.left) say("not fixed: {}", reason);
  if (fixed.done.empty()) say("nothing was changed");
  if (!fixed.exact)
    say("warning: other activations make another network: its accuracy is unknown until it is fine-tuned and measured");
  if (!flags.output.empty()) {
    save_model(fixed.graph, flags.output);
    say("wrote {}", flags.output);
  }
  return fixed;
}

// Checks one model; `cache_taken` grows by what it caches.
int check(const Cli& cli, const CheckFlags& flags, std::int64_t& cache_taken) {
  Graph graph = flags.model.load();
  Fixed fixed;
  if (flags.fix || !flags.activations.empty()) {
    fixed = fix(flags, graph);
    graph = fixed.graph;
  }
  const auto target = open_target(flags.target);
  const CheckReport report = target->check(graph, {flags.multiple_subgraphs, cache_taken});
  cache_taken += report.onchip_bytes;
  const CompilerFiles files = files_of(flags.model.model);
  std::vector<Segment> segments;
  if (flags.segments > 0) segments = pipeline_segments(*target, graph, flags.segments);
  if (cli.common.json) {
    print_json({{"model", flags.model.model},
                {"mapped_ops", report.mapped_ops},
                {"total_ops", report.total_ops},
                {"subgraphs", report.subgraphs},
                {"onchip_bytes", report.onchip_bytes},
                {"onchip_free_bytes", report.onchip_free_bytes},
                {"offchip_bytes", report.offchip_bytes},
                {"compiled", report.already_compiled},
                {"refusal", report.refusal.empty() ? nlohmann::json(nullptr) : nlohmann::json(report.refusal)},
                {"fixed", fixed.done},
                {"not_fixed", fixed.left},
                {"segments", segments_json(segments)},
                {"ops", ops_json(report)}});
  } else {
    print(compiler_block(report, files));
    if (report.already_compiled)
      print("\nThis file was already compiled for the Edge TPU: its edgetpu-custom-op runs there.\n");
    if (!report.refusal.empty())
      print(fmt::format("\nThe Edge TPU compiler would not compile this file: {}.\n", report.refusal));
    if (flags.show_operations) print("\n" + compiler_table(report));
    print(explanations(report));
    if (!segments.empty()) print(segments_text(segments, report));
  }
  return report.fully_mapped() ? kDone : kNotMapped;
}

}  // namespace

void add_check(Cli& cli) {
  CLI::App* command = cli.command("check", "Says whether every op maps to the Edge TPU, and if not, why and what to do",
                                  "  atoll check efficientnet-edgetpu-s\n"
                                  "  atoll check model.tflite --json\n"
                                  "  atoll check model.tflite --fix -o fixed.tflite\n"
                                  "  atoll check --rules > docs/ops.md\n");
  auto flags = std::make_shared<CheckFlags>();
  command->add_option("model", flags->models, "zoo names, .tflite or .json; several share the cache, first come first");
  command->add_option("--num-segments,--num_segments,-n", flags->segments, "split for a pipeline of so many Edge TPUs")
      ->check(CLI::Range(1, 64));
  command->add_flag("--fix", flags->fix,
                    "rewrite what can be rewritten without changing a result before checking: a batch to 1, int64 "
                    "indices to int32, shapes computed at run time, transposes that undo each other, activations "
                    "fused into pooling");
  command
      ->add_option("--fix-activations", flags->activations,
                   "--fix, and make SiLU, hard swish, GELU, ELU and leaky ReLU this one: results change")
      ->check(CLI::IsMember({"relu", "relu6"}));
  command->add_option("-o,--output", flags->output, "where --fix writes the model");
  command->add_option("--input", flags->model.input, "resolution of a zoo model: N or HxW");
  command->add_option("--classes", flags->model.classes, "classes of a zoo model")->check(CLI::Range(2, 100000));
  command->add_option("--target", flags->target, "an Edge TPU target")->capture_default_str();
  command->add_flag("-a,--enable-multiple-subgraphs,--enable_multiple_subgraphs", flags->multiple_subgraphs,
                    "more than one partition, as the compiler's flag");
  command->add_flag("-s,--show-operations,--show_operations", flags->show_operations,
                    "the table of operations (always printed)");
  command->add_flag("--rules", flags->rules, "print every rule as a page (docs/ops.md), and check nothing");
  cli.run(command, [&cli, flags] {
    if (flags->rules) {
      print(edgetpu_rules_page());
      return static_cast<int>(kDone);
    }
    if (flags->models.empty()) {
      fmt::print(stderr, "atoll: error: check needs a model: a zoo name, a .tflite or a .json file\n");
      return static_cast<int>(kUsage);
    }
    if (cli.common.json && flags->models.size() > 1)
      fail("--json checks one model at a time, but {} were given", flags->models.size());
    const bool fixes = flags->fix || !flags->activations.empty();
    if (!flags->output.empty() && !fixes) fail("-o names the file that --fix writes; give --fix too");
    if (!flags->output.empty() && flags->models.size() > 1)
      fail("-o names one file, but {} models are to be fixed", flags->models.size());
    int code = static_cast<int>(kDone);
    std::int64_t cache_taken = 0;
    for (const std::string& model : flags->models) {
      flags->model.model = model;
      code = std::max(code, check(cli, *flags, cache_taken));
    }
    return code;
  });
}

}  // namespace Atoll::cli
