#include "tests/support/kube/certificates.h"

#include "tests/support/process.h"

namespace catena::test {
namespace {

// Elliptic keys: made in no time.
constexpr const char* kScript = R"(
set -e
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -days 2 -subj "/CN=$2" -out "$1.pem"
}
signed() {
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  printf '%s\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile "$1.ext" -out "$1.pem"
}
authority ca "catena test authority"
authority stranger "somebody else"
signed server "/CN=kube-apiserver" "subjectAltName=IP:127.0.0.1,DNS:localhost"
signed client "/O=system:nodes/CN=system:node:test" "extendedKeyUsage=clientAuth"
)";

}  // namespace

Certificates::Certificates() { run(kScript); }

void Certificates::run(const std::string& script) {
  const Outcome made = run_process({"/bin/sh", "-c", "cd " + directory_.path() + " && " + script});
  if (made.exit_status != 0) {
    trouble_ = made.err;
  }
}

}  // namespace catena::test
