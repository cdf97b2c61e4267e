-- The database itself, on a server of our own. It cannot be made inside a transaction, so it stands alone.

CREATE DATABASE reconciler ENCODING 'UTF8' TEMPLATE template0;
