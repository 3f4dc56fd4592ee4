#include "cli/commands.h"
#include "cli/passive_waiting.h"

int main(int argc, char** argv) {
  using namespace Atoll::cli;
  ensure_passive_waiting(argv);
  Cli cli;
  add_models(cli);
  add_show(cli);
  add_convert(cli);
  add_pull(cli);
  add_check(cli);
  add_predict(cli);
  add_targets(cli);
  add_compare(cli);
  add_calibrate(cli);
  add_probe(cli);
  add_search(cli);
  add_trials(cli);
  add_trial(cli);
  add_worker(cli);
  add_scale(cli);
  add_train(cli);
  add_eval(cli);
  add_quantize(cli);
  add_prune(cli);
  add_debug_quant(cli);
  add_classify(cli);
  add_run(cli);
  add_bench(cli);
  add_fit(cli);
  return cli.main(argc, argv);
}
