// Certificates of a test's own: an authority, a server on loopback, a client.
#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace catena::test {

// Made by openssl(1), gone with the object.
class Certificates {
 public:
  Certificates();
  // Whether openssl did its work; `trouble` says why not.
  bool good() const { return trouble_.empty(); }
  const std::string& trouble() const { return trouble_; }

  std::string authority() const { return directory_.path() + "/ca.pem"; }
  std::string server() const { return directory_.path() + "/server.pem"; }
  std::string server_key() const { return directory_.path() + "/server.key"; }
  std::string client() const { return directory_.path() + "/client.pem"; }
  std::string client_key() const { return directory_.path() + "/client.key"; }
  // A certificate and key by an authority that nobody knows.
  std::string stranger() const { return directory_.path() + "/stranger.pem"; }
  std::string stranger_key() const { return directory_.path() + "/stranger.key"; }

 private:
  void run(const std::string& script);

  TempDir directory_;
  std::string trouble_;
};

}  // namespace catena::test
