drop table albums;
