// A page with one of everything, and with texts that try to break out of it.
#pragma once

#include <cmath>

#include "atoll/report.h"

namespace Atoll::report {

inline const char* kHostileText =
    "</script><script>window.broken = 1</script><img src=x onerror=\"window.broken = 2\">";

inline Chart sample_scatter() {
  Series tried{"tried", {}, {}, Series::Style::kPoints, {}};
  for (int i = 0; i < 120; ++i) {
    const double latency = 0.25 + 0.011 * i;
    tried.x.push_back(latency);
    tried.y.push_back(92.5 - 3 * std::exp(-2 * latency) - 1.2 * std::abs(std::sin(i * 12.9898)));
    tried.labels.push_back("candidate " + std::to_string(i));
  }
  const Series front{
      "Pareto front", {0.25, 0.42, 0.61, 0.95, 1.5}, {90.1, 91.2, 91.9, 92.1, 92.4}, Series::Style::kSteps, {}};
  const Series budget{"budget", {1, 1}, {88, 93}, Series::Style::kLine, {}, true};
  const Series chosen{"chosen", {0.95}, {92.1}, Series::Style::kPoints, {kHostileText}};
  return {"Accuracy against latency", "latency on edgetpu-usb3, ms", "top-1, %", {tried, front, budget, chosen}};
}

inline Chart sample_curves() {
  Series train{"training loss", {}, {}}, test{"validation loss", {}, {}};
  for (int i = 0; i < 90; ++i) {
    train.x.push_back(i / 10.0);
    train.y.push_back(0.3 + 2 * std::exp(-i / 20.0));
    test.x.push_back(i / 10.0);
    test.y.push_back(i == 40 ? std::nan("") : 0.4 + 1.9 * std::exp(-i / 19.0));
  }
  return {"Training", "epoch", "loss", {train, test}, false, true};
}

inline Html sample_page() {
  Html html(std::string("Sample <b>report</b> ") + kHostileText);
  html.facts({{"top-1, int8", "93.4 %"}, {"latency", "0.95 ms"}, {"mapped", "37 of 37"}, {"parameters", "1.21 M"}});
  html.paragraph(
      "Found among 120 candidates; 8 were trained on a proxy schedule, and the best within the budget was chosen.");
  html.heading("Accuracy against latency");
  html.chart(sample_scatter());
  html.heading("Training");
  html.chart(sample_curves());
  html.heading("Layers");
  html.bars({"Predicted time",
             "ms",
             {"stem", "block 1", "block 2", kHostileText, "head"},
             {"compute", "weights", "USB"},
             {{0.1, 0.2, 0.15, 0.3, 0.05}, {0.02, 0.05, 0.01, 0.1, 0.2}, {0.08, 0, 0, 0, 0.02}}});
  html.strip({"Who has the memory", {{"cached", {{"stem", "1 KiB", 1}, {kHostileText, kHostileText, 9}}, 2}}});
  html.table(
      {{"layer", "op", "ms"}, {{"stem", "Conv2D", "0.20"}, {"head", kHostileText, "0.27"}}, {false, false, true}});
  html.preformatted(
      "Operator      Count  Status\nCONV_2D       12     Mapped to Edge TPU\nSOFTMAX       1      Mapped to Edge "
      "TPU\n");
  html.heading("Confusion");
  html.heatmap({"Confusion matrix",
                "true class",
                "predicted class",
                {"shirt", "coat", "bag"},
                {"shirt", "coat", "bag"},
                {{930, 60, 10}, {45, 950, 5}, {0, 2, 998}}});
  html.heading("Predictions");
  std::vector<Picture> pictures;
  for (int p = 0; p < 4; ++p) {
    Picture picture{
        28, 28, p % 2 == 0 ? 1 : 3, {}, p == 3 ? std::string("a bag, said shirt ") + kHostileText : "shirt", p != 3};
    for (int i = 0; i < 28 * 28 * picture.c; ++i)
      picture.pixels.push_back(static_cast<std::uint8_t>((i * (p + 3)) % 256));
    pictures.push_back(picture);
  }
  html.pictures(pictures);
  return html;
}

}  // namespace Atoll::report
