#include "target/edgetpu/chip.h"

#include "atoll/error.h"

namespace Atoll::edgetpu {
namespace {

// How each was obtained is told in docs/edgetpu.md.
Link usb3() { return {"usb3", 0.28, 412, 412, 304, 52, 0.07, 0.4}; }
Link usb2() { return {"usb2", 0.233, 36.84, 36.84, 36, 11.5, 0.07, 0.4}; }
Link pcie() { return {"pcie", 0.1, 386, 2000, 386, 109, 0.157, 0.4}; }
// The same link; only the host, a Cortex-A53, is slower.
Link devboard() {
  Link link = pcie();
  link.name = "devboard";
  link.fixed_ms = 0.4;
  return link;
}

Chip chip(std::string name, std::string description, Link link) {
  Chip result;
  result.name = std::move(name);
  result.description = std::move(description);
  result.link = std::move(link);
  return result;
}

Chip with_interval(Chip chip, Interval interval) {
  chip.interval = interval;
  return chip;
}

}  // namespace

const std::vector<Chip>& known_chips() {
  static const std::vector<Chip> kChips = {
      chip("edgetpu-usb3", "Coral USB Accelerator at 500 MHz on USB 3", usb3()),
      chip("edgetpu-usb2", "Coral USB Accelerator at 500 MHz on USB 2", usb2()),
      chip("edgetpu-pcie", "Coral M.2 or Mini PCIe Accelerator", pcie()),
      with_interval(chip("edgetpu-devboard", "Coral Dev Board (i.MX 8M with the Edge TPU on PCIe)", devboard()),
                    {0.85, 1.2}),  // wider: no row of it was seen
  };
  return kChips;
}

const Link& known_link(const std::string& name) {
  for (const Chip& known : known_chips())
    if (known.link.name == name) return known.link;
  fail("the link '{}' is not known; it is one of usb3, usb2, pcie, devboard", name);
}

}  // namespace Atoll::edgetpu
