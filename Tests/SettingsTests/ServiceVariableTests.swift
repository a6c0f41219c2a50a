import Settings
import Testing

@Suite struct ServiceVariableTests {
    @Test(arguments: [
        ("TIDEGATE_SERVICE_HOST", "10.0.0.1"), ("TIDEGATE_SERVICE_HOST", "fd00::1"),
        ("TIDEGATE_SERVICE_PORT", "8080"), ("TIDEGATE_SERVICE_PORT_HTTP", "8080"),
        ("TIDEGATE_SERVICE_PORT_WEB_AND_MORE", "8080"), ("TIDEGATE_PORT", "tcp://10.0.0.1:8080"),
        ("TIDEGATE_PORT", "udp://10.0.0.1:53"), ("TIDEGATE_PORT", "sctp://10.0.0.1:7"),
        ("TIDEGATE_PORT_8080_TCP", "tcp://10.0.0.1:8080"), ("TIDEGATE_PORT_53_UDP_ADDR", "10.0.0.1"),
        ("TIDEGATE_PORT_7_SCTP_PORT", "7"), ("TIDEGATE_PORT_8080_TCP_PROTO", "tcp"),
        ("TIDEGATE_PUBLIC_SERVICE_HOST", "10.0.0.1"), ("TIDEGATE_METRICS_PORT", "tcp://[fd00::1]:9"),
        ("TIDEGATE_MY_PORT_PORT_1_TCP", "tcp://10.0.0.1:1"),
    ]) func isKnownByItsShape(name: String, value: String) {
        #expect(ServiceVariable.matches(name, value: value))
    }

    @Test(arguments: [
        ("TIDEGATE_PORT", "8080"), ("TIDEGATE_PORT", "tcp:8080"), ("TIDEGATE_PORT", "http://10.0.0.1"),
        ("TIDEGATE_HOST", "tcp://10.0.0.1:8080"), ("TIDEGATE_SERVICE", "x"), ("TIDEGATE_SERVICE_HOSTS", "x"),
        ("TIDEGATE_SERVICE_HOST_X", "x"), ("TIDEGATE_SERVICES_PORT", "8080"), ("TIDEGATE_PORT_TCP", "x"),
        ("TIDEGATE_PORT_8080", "x"), ("TIDEGATE_PORT_808080_TCP", "x"), ("TIDEGATE_PORT_8080_TCP_NAME", "x"),
        ("TIDEGATE_PORT_8080_TCP_ADDR_X", "x"), ("TIDEGATE_PORT_8080_HTTP", "x"), ("TIDEGATE_PORTS", "8080"),
    ]) func otherNamesAreSettingsOrMistakes(name: String, value: String) {
        #expect(!ServiceVariable.matches(name, value: value))
    }
}
