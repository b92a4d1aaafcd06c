// The command line of `catena` (docs/catena.md has the table).
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace catena::cli {

struct Options {
  std::string state_dir = "/var/lib/catena";
  std::string conf_dir = "/etc/cni/net.d";
  std::string bin_dir = "/opt/cni/bin";
  std::string eni_conf;            // empty: /etc/eni/eni.json where that is there
  std::string from;                // install: where the programs are; empty: beside this one
  std::string to;                  // conflist: the file that is written
  std::string node;                // conflist: this node's name
  std::string api = "in-cluster";  // or a kubeconfig's path
  std::chrono::seconds deadline{120};
  bool json = false;
  bool dry_run = false;
  bool force = false;
};

}  // namespace catena::cli
