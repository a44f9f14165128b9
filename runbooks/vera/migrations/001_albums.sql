create table albums (id integer primary key, user_id integer not null, name text not null);
