internal import COpenSSL

/// libcrypto as a whole.
public enum CryptoLibrary {
  /// Leaves out libcrypto's handler for exit(3), which would free what a thread that is just making
  /// a digest reads. Called first of all: libcrypto takes this only before anything else is asked of
  /// it. The memory goes with the process.
  public static func keepUntilTheEnd() {
    OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
  }
}
