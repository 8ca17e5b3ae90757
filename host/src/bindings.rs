//! The interfaces of Spin that the component may import, as wasmtime sees them: the functions that
//! this application calls, and no others.

wasmtime::component::bindgen!({
    inline: r#"
        package stand-in:host;

        world spin {
            import spin:variables/variables@3.0.0;
            import spin:key-value/key-value@3.0.0;
        }

        package spin:variables@3.0.0 {
            interface variables {
                variant error {
                    invalid-name(string),
                    undefined(string),
                    provider(string),
                    other(string),
                }

                get: async func(name: string) -> result<string, error>;
            }
        }

        package spin:key-value@3.0.0 {
            interface key-value {
                variant error {
                    store-table-full,
                    no-such-store,
                    access-denied,
                    other(string),
                }

                resource store {
                    open: static async func(label: string) -> result<store, error>;
                    get: async func(key: string) -> result<option<list<u8>>, error>;
                    set: async func(key: string, value: list<u8>) -> result<_, error>;
                    delete: async func(key: string) -> result<_, error>;
                    get-keys: async func() -> tuple<stream<string>, future<result<_, error>>>;
                }
            }
        }
    "#,
    imports: {
        // A stream may not find room in the store; everything else has an error of its own.
        "spin:key-value/key-value.[method]store.get-keys": store | trappable,
        "spin:key-value/key-value.[drop]store": trappable,
    },
    with: {
        "spin:key-value/key-value.store": crate::store::OpenStore,
    },
});
