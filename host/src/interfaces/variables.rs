//! `spin:variables@3.0.0` for one instance. Values come from the crate `app-manifest`.

use app_manifest::VariableError;
use wasmtime::component::{Accessor, HasData};

use crate::bindings::spin::variables::variables::{self, Error};
use crate::state::InstanceState;

/// What the linker knows this interface by.
pub struct Variables;

impl HasData for Variables {
    type Data<'a> = &'a mut InstanceState;
}

impl variables::Host for InstanceState {}

impl<T: Send> variables::HostWithStore<T> for Variables {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        let services = accessor.with(|mut access| access.get().services.clone());
        services
            .variables
            .component(&name)
            .map_err(|error| match error {
                VariableError::InvalidName(reason) => Error::InvalidName(reason),
                VariableError::Undefined(reason) => Error::Undefined(reason),
                VariableError::Provider(reason) => Error::Provider(reason),
            })
    }
}
